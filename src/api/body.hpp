#pragma once
#include <boost/json.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "net/http_server.hpp"

namespace slipway::api {

// The body's JSON object. Throws 415 for another content type, invalid for what is no JSON object in UTF-8.
boost::json::object json_body(const net::ServerRequest& request);
boost::json::object parse_object(std::string_view body);

// Reads the fields of a body and collects what is wrong with each, so that a form can show everything at once.
class BodyReader {
 public:
  // Fields that are not `known` are refused.
  BodyReader(boost::json::object object, const std::vector<std::string>& known);

  // `parse` throws invalid for what it does not take.
  template <class T>
  void read(std::string_view name, bool required, T& into, T (*parse)(std::string_view)) {
    const boost::json::string* text = text_of(name, required);
    if (text == nullptr) return;
    try {
      into = parse(*text);
    } catch (const Error& error) {
      refuse(name, error.fields().empty() ? error.message() : error.fields().front().message);
    }
  }
  // An object of strings.
  void read_metadata(std::map<std::string, std::string>& into);

  // Throws invalid with one field error for each thing that was refused, or for the first 20, and how many more there
  // are.
  void check() const;

 private:
  const boost::json::string* text_of(std::string_view name, bool required);
  void refuse(std::string_view field, std::string why);

  const boost::json::object object_;
  std::vector<FieldError> refused_;
  std::size_t not_named_ = 0;  // refused, and only counted
};

}  // namespace slipway::api
