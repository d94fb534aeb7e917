#include <algorithm>

#include "net/request_headers.hpp"
#include "net/request_parser.hpp"
#include "tests/fuzz/fuzz.hpp"

// Whatever comes over a socket: it is refused with a status, or it is a request that no part of the program can
// misread. How the network cuts it into pieces changes nothing.
namespace {

using namespace slipway;
using net::RequestParser;

struct Outcome {
  RequestParser::State state = RequestParser::State::incomplete;
  int status = 0;
  net::ServerRequest request;
  std::size_t used = 0;
};

Outcome parse(const std::vector<std::string_view>& pieces, const net::ServerLimits& limits) {
  RequestParser parser(limits);
  Outcome outcome;
  std::string waiting;
  for (const std::string_view piece : pieces) {
    waiting += piece;
    while (outcome.state == RequestParser::State::incomplete && !waiting.empty()) {
      std::size_t used = 0;
      outcome.state = parser.put(waiting, used);
      fuzz::require(used <= waiting.size(), "the parser takes no more than it was given");
      outcome.used += used;
      waiting.erase(0, used);
      if (used == 0) break;
    }
    if (outcome.state != RequestParser::State::incomplete) break;
  }
  if (outcome.state == RequestParser::State::refused) {
    outcome.status = parser.status();
    fuzz::require(outcome.status >= 400 && outcome.status <= 505, "a refusal has a status of its own");
    fuzz::require(!parser.why().empty(), "a refusal says why");
  }
  if (outcome.state == RequestParser::State::done) outcome.request = parser.take();
  return outcome;
}

bool breaks_lines(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const net::ServerLimits limits{.body_bytes = 256, .header_bytes = 1'024};
  fuzz::Input input(data, size);
  const std::uint8_t seed = input.byte();
  const Outcome whole = parse({input.rest()}, limits);
  const Outcome pieces = parse(fuzz::pieces_of(input.rest(), seed), limits);

  // Which of two faults comes first may depend on the pieces; what is taken, and how it reads, must not.
  const bool taken = whole.state == RequestParser::State::done;
  fuzz::require(taken == (pieces.state == RequestParser::State::done), "pieces change nothing");
  if (!taken) return 0;
  const net::ServerRequest& request = whole.request;
  fuzz::require(whole.used == pieces.used, "pieces change no length: what follows is the next request");
  fuzz::require(request.method == pieces.request.method && request.path == pieces.request.path &&
                    request.query == pieces.request.query && request.headers == pieces.request.headers &&
                    request.body == pieces.request.body,
                "pieces change no part");
  fuzz::require(request.method != "HEAD", "HEAD is shown as GET");
  fuzz::require(request.path == "*" || request.path.starts_with('/'), "a path begins with a slash", request.path);
  fuzz::require(!breaks_lines(request.method) && !breaks_lines(request.path) && !breaks_lines(request.query),
                "no line break in the request line");
  fuzz::require(request.body.size() <= limits.body_bytes, "the body keeps its limit");
  int lengths = 0;
  bool chunked = false;
  for (const auto& [name, value] : request.headers) {
    fuzz::require(!name.empty() && !breaks_lines(name) && !breaks_lines(value), "no line break in a header", value);
    if (net::same_ignoring_case(name, "Content-Length")) ++lengths;
    if (net::same_ignoring_case(name, "Transfer-Encoding")) chunked = true;
  }
  for (auto header = request.headers.begin(); header != request.headers.end(); ++header) {
    fuzz::require(
        net::single_header(header->first).empty() ||
            std::none_of(std::next(header), request.headers.end(),
                         [&](const auto& later) { return net::same_ignoring_case(later.first, header->first); }),
        "what is read once comes once", header->first);
  }
  // RFC 9112, 6.3: what a proxy may read otherwise smuggles a second request.
  fuzz::require(!chunked || lengths == 0, "never both Content-Length and Transfer-Encoding");
  return 0;
}
