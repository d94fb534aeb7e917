#include "handler.hpp"

#include <boost/json.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>

#include "page.hpp"
#include "text.hpp"

namespace automation {

namespace {

namespace http = boost::beast::http;
namespace json = boost::json;

constexpr int kRunsOnPage = 5;
constexpr std::chrono::milliseconds kStartPatience{250};

Response make(http::status status, const std::string& type, std::string body) {
  Response response(status, 11);
  response.set(http::field::content_type, type);
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'");
  response.body() = std::move(body);
  return response;
}

Response page(http::status status, std::string body) {
  return make(status, "text/html; charset=utf-8", std::move(body));
}

Response as_json(http::status status, const json::value& value) {
  return make(status, "application/json", json::serialize(value) + "\n");
}

Response refused(http::status status, const std::string& why) { return as_json(status, {{"error", why}}); }

Response back_to_page() {
  Response response = make(http::status::see_other, "text/plain", "");
  response.set(http::field::location, "/");
  return response;
}

std::optional<long long> number(std::string_view text) {
  long long value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// A form on another site must not be able to change jobs: browsers name the origin of what they send.
bool from_elsewhere(const Request& request) {
  const auto origin = request.find(http::field::origin);
  if (origin == request.end()) return false;
  const std::string_view host = request[http::field::host];
  return origin->value() != "http://" + std::string(host) && origin->value() != "https://" + std::string(host);
}

json::object to_json(const Job& job) {
  json::array runs;
  for (const Run& run : job.runs) {
    runs.push_back({{"at", run.at}, {"tookMs", run.took_ms}, {"ok", run.ok}, {"outcome", run.outcome}});
  }
  return {{"id", job.id},         {"name", job.name},     {"everySeconds", job.every_seconds},
          {"action", job.action}, {"target", job.target}, {"nextRunAt", job.next_run_at},
          {"runs", runs}};
}

std::string text_field(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value && value->is_string() ? trimmed(std::string_view(value->get_string())) : std::string();
}

}  // namespace

Response Handler::answer(const Request& request) {
  Response response;
  try {
    response = route(request);
  } catch (const DatabaseError& error) {
    std::fprintf(stderr, "%s: %s\n", std::string(request.target()).c_str(), error.what());
    response = refused(http::status::service_unavailable, "The database does not answer. Try again in a moment.");
  }
  response.keep_alive(request.keep_alive());
  response.prepare_payload();
  if (request.method() == http::verb::head) response.body().clear();
  return response;
}

void Handler::set_ready() {
  const std::lock_guard lock(mutex_);
  ready_ = true;
  became_ready_.notify_all();
}

// At a start the schema is a few milliseconds away. A health probe that came first learns of it at once, instead of
// being told to come again later.
bool Handler::wait_until_ready() {
  std::unique_lock lock(mutex_);
  return became_ready_.wait_for(lock, kStartPatience, [this] { return ready_; });
}

Response Handler::route(const Request& request) {
  const std::string path(request.target().substr(0, request.target().find('?')));
  const bool reads = request.method() == http::verb::get || request.method() == http::verb::head;
  if (!wait_until_ready()) return refused(http::status::service_unavailable, "starting: waiting for the database");
  if (!reads && from_elsewhere(request)) {
    return refused(http::status::forbidden, "This request was sent by another site's page.");
  }
  if (path == "/healthz" && reads) return health();
  if (path == "/" && reads) return page(http::status::ok, render_page(settings_, jobs_.list(kRunsOnPage)));
  if (path == "/jobs" && request.method() == http::verb::post) return submitted(request);
  if (path.starts_with("/jobs/") && request.method() == http::verb::post) return job_button(path.substr(6));
  if (path == "/api/jobs" || path.starts_with("/api/jobs/")) return api(request, path.substr(9));
  return refused(http::status::not_found, "There is nothing at this address.");
}

Response Handler::health() {
  database_.run("SELECT 1");
  return as_json(http::status::ok, {{"status", "ok"}});
}

Response Handler::submitted(const Request& request) {
  const auto fields = parse_form(request.body());
  const auto field = [&](std::string_view name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : trimmed(found->second);
  };
  const long long every = number(field("every_seconds")).value_or(0);
  const NewJob job{field("name"), every > kMaxEverySeconds ? 0 : static_cast<int>(every), field("action"),
                   field("target")};
  std::optional<std::string> problem = problem_with(job);
  auto status = http::status::unprocessable_entity;
  if (!problem) {
    const auto added = jobs_.add(job);
    if (std::holds_alternative<long long>(added)) {
      scheduler_.wake();
      return back_to_page();
    }
    problem = std::get<std::string>(added);
    status = http::status::conflict;
  }
  return page(status, render_page(settings_, jobs_.list(kRunsOnPage), *problem, job));
}

Response Handler::job_button(const std::string& rest) {
  const std::size_t slash = rest.find('/');
  const auto id = number(rest.substr(0, slash));
  const std::string action = slash == std::string::npos ? "" : rest.substr(slash + 1);
  if (!id || (action != "run" && action != "delete")) {
    return refused(http::status::not_found, "There is nothing at this address.");
  }
  // A job that is gone already is what a second click on Delete wanted.
  if (action == "run" ? jobs_.run_soon(*id) : jobs_.remove(*id)) scheduler_.wake();
  return back_to_page();
}

Response Handler::api(const Request& request, const std::string& rest) {
  if (rest.empty() && request.method() == http::verb::get) {
    json::array jobs;
    for (const Job& job : jobs_.list(kRunsOnPage)) jobs.push_back(to_json(job));
    return as_json(http::status::ok, {{"company", settings_.company_name},
                                      {"tenant", settings_.tenant_id},
                                      {"subdomain", settings_.subdomain},
                                      {"jobs", jobs}});
  }
  if (rest.empty() && request.method() == http::verb::post) return api_add(request);
  const auto id = rest.empty() ? std::nullopt : number(rest.substr(1));
  if (id && request.method() == http::verb::delete_) {
    if (!jobs_.remove(*id)) return refused(http::status::not_found, "There is no such job.");
    scheduler_.wake();
    return make(http::status::no_content, "application/json", "");
  }
  return refused(http::status::method_not_allowed, "Use GET or POST /api/jobs, or DELETE /api/jobs/{id}.");
}

Response Handler::api_add(const Request& request) {
  boost::system::error_code error;
  const json::value body = json::parse(request.body(), error);
  if (error || !body.is_object()) {
    return refused(http::status::bad_request, R"(Send {"name","everySeconds","action","target"} as JSON.)");
  }
  const json::object& object = body.get_object();
  const json::value* every = object.if_contains("everySeconds");
  const bool whole = every && every->is_int64() && every->get_int64() > 0 && every->get_int64() <= kMaxEverySeconds;
  const NewJob job{text_field(object, "name"), whole ? static_cast<int>(every->get_int64()) : 0,
                   text_field(object, "action"), text_field(object, "target")};
  if (const auto problem = problem_with(job)) return refused(http::status::unprocessable_entity, *problem);
  const auto added = jobs_.add(job);
  if (std::holds_alternative<std::string>(added)) {
    return refused(http::status::conflict, std::get<std::string>(added));
  }
  scheduler_.wake();
  return as_json(http::status::created, {{"id", std::get<long long>(added)}});
}

}  // namespace automation
