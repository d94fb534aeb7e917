#include <boost/json.hpp>

#include "api/test_api.hpp"
#include "tests/fuzz/fuzz.hpp"

// A whole request to the whole interface over fakes: "METHOD /path", header lines, an empty line, the body. Nobody's
// request makes it fail by itself (500), and every answer can be sent and read.
namespace {

using namespace slipway;

void check_response(const net::Response& response) {
  fuzz::require(response.status >= 200 && response.status < 600 && response.status != 500, "no request is our fault",
                response.body);
  for (const auto& [name, value] : response.headers) {
    fuzz::require(name.find_first_of("\r\n: ") == name.npos, "a header's name is one word", name);
    fuzz::require(value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos, "a header is one line", value);
  }
  if (net::header(response.headers, "Content-Type").find("json") == std::string::npos) return;
  fuzz::require(utf8_length(response.body) != std::string_view::npos, "an answer is UTF-8", response.body);
  boost::system::error_code code;
  boost::json::parse(response.body, code);
  fuzz::require(!code, "an answer is JSON", response.body);
  fuzz::require(!net::header(response.headers, "X-Request-Id").empty(), "an answer bears its request's id");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::string first = input.line();
  const auto space = first.find(' ');
  if (space == std::string::npos) return 0;
  api::Api api;
  net::ServerRequest request;
  request.method = first.substr(0, space);
  const std::string target = first.substr(space + 1);
  const auto question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string::npos) request.query = target.substr(question + 1);
  for (std::string line = input.line(); !line.empty(); line = input.line()) {
    const auto colon = line.find(": ");
    if (colon == std::string::npos) break;
    request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  // The parser lets no line break of any kind into these.
  for (const auto& [name, value] : request.headers) {
    if (value.find_first_of(std::string_view("\r\0", 2)) != value.npos) return 0;
  }
  request.body = input.rest();
  const TenantId acme = api.sign_up("acme");
  for (const char* peer : {"unix", "203.0.113.7", "10.0.0.9"}) {
    request.peer = peer;
    net::Reply reply = api.router.handle(request);
    if (auto* response = std::get_if<net::Response>(&reply)) {
      check_response(*response);
      const bool sign_up_allowed = request.peer == "unix" || response->status >= 400 || request.method != "POST";
      fuzz::require(sign_up_allowed, "without a key nothing is changed over TCP", response->body);
    } else if (auto* waiting = std::get_if<net::WaitingResponse>(&reply)) {
      fuzz::require(request.peer == "unix" || request.path.ends_with("/status"), "without a key nobody waits");
      waiting->subscribe([] {});
      check_response(waiting->finish());
    }
  }
  for (const AuditEntry& entry : api.store.audit({})) {
    fuzz::require(!has_control_characters(entry.from) && !has_control_characters(entry.target),
                  "the audit trail holds no control characters", entry.from + "|" + entry.target);
  }
  fuzz::require(api.store.find(acme).has_value(), "a tenant stays in the ledger");
  return 0;
}
