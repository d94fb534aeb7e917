#include "api/problem.hpp"

#include <boost/json.hpp>

#include "base/text.hpp"
#include "net/response_writer.hpp"

namespace slipway::api {
namespace {

namespace json = boost::json;

// What is said back may be the request's own words, of a path say.
constexpr std::size_t detail_limit_bytes = 3'000;

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return 400;
    case ErrorKind::unauthorized:
      return 401;
    case ErrorKind::forbidden:
      return 403;
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::conflict:
      return 409;
    case ErrorKind::limited:
      return 429;
    case ErrorKind::unavailable:
      return 503;
    case ErrorKind::internal:
      return 500;
  }
  return 500;
}

net::Response document(int status, std::string_view detail, const std::vector<FieldError>& fields,
                       const std::string& request_id) {
  const std::string words = without_controls(detail);
  const std::string_view shown = cut_to_bytes(words, detail_limit_bytes);
  json::object body =
      net::problem_document(status, std::string(shown) + (shown.size() < words.size() ? "…" : ""), request_id);
  if (!fields.empty()) {
    json::array errors;
    for (const FieldError& field : fields)
      errors.push_back({{"field", without_controls(field.field)}, {"message", without_controls(field.message)}});
    body["errors"] = std::move(errors);
  }
  return {status, {{"Content-Type", "application/problem+json"}}, json::serialize(body)};
}

}  // namespace

net::Response problem(int status, const std::string& detail, const std::string& request_id) {
  return document(status, detail, {}, request_id);
}

net::Response problem(const Error& error, const std::string& request_id) {
  const auto* own = dynamic_cast<const StatusError*>(&error);
  const int status = own != nullptr ? own->status() : status_of(error.kind());
  const std::string_view detail = error.kind() == ErrorKind::internal
                                      ? "something went wrong on our side; the log has more under this request's id"
                                      : std::string_view(error.message());
  net::Response response = document(status, detail, error.fields(), request_id);
  if (error.retry_after()) {
    response.headers.emplace_back("Retry-After", std::to_string((error.retry_after()->count() + 999) / 1000));
  } else if (status == 503) {
    response.headers.emplace_back("Retry-After", "1");
  }
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"slipway\"");  // RFC 6750
  return response;
}

}  // namespace slipway::api
