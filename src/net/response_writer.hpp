#pragma once
#include <boost/json/object.hpp>
#include <ctime>
#include <string>
#include <string_view>

#include "net/http.hpp"

namespace slipway::net {

// How an answer is framed on its connection.
struct Framing {
  bool keep_alive = true;
  bool http_1_0 = false;
  bool head_only = false;
  bool chunked = false;  // the body follows in chunks; where HTTP/1.0 knows none, the connection's end ends it
};

// Writes answers' heads. Not thread-safe: it keeps the text of the present second's date.
class ResponseWriter {
 public:
  // Appends head and body. False, with nothing appended, where a header would break the head (a line break in it).
  bool write(std::string& out, const Response& response, const Framing& framing);

 private:
  std::string_view date();
  std::time_t date_second_ = 0;
  std::string date_;
};

// An error as the API tells it: RFC 9457, application/problem+json.
boost::json::object problem_document(int status, std::string_view detail, std::string_view request_id);
// For a request that is refused before it has an id: it gets one here.
Response problem(int status, std::string_view detail);

}  // namespace slipway::net
