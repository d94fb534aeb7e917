#include <fmt/format.h>

#include <chrono>

#include "api/routes.hpp"
#include "base/error.hpp"

namespace slipway::api {
namespace {

namespace json = boost::json;

json::object event_json(const Event& e) {
  json::object o{{"seq", e.seq}, {"at", to_rfc3339(e.at)}, {"kind", e.kind}, {"message", e.message}};
  if (!e.step.empty()) o["step"] = e.step;
  if (e.duration) o["durationMs"] = e.duration->count();
  return o;
}

net::Response events_page(const Context& context, const TenantId& id, std::uint64_t after, std::size_t limit) {
  json::array events;
  for (const Event& event : context.store.events(id, after, limit)) {
    after = event.seq;
    events.push_back(event_json(event));
  }
  return json_response(200, {{"events", std::move(events)}, {"last", after}});
}

constexpr Millis heartbeat{15'000};              // so that proxies keep the connection
constexpr std::size_t events_per_piece = 1'000;  // as many as a timeline keeps: after 0 come the latest
constexpr std::int64_t seq_limit = std::int64_t{1} << 53;

// https://html.spec.whatwg.org/multipage/server-sent-events.html
std::string as_server_sent(const Event& event) {
  return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event.seq, event.kind, json::serialize(event_json(event)));
}

// The timeline as it stands and then what comes, until the tenant is deleted.
class EventSource : public PieceSource {
 public:
  EventSource(const Context& context, const TenantId& id, std::uint64_t after, std::function<void()> wake)
      : context_(context), id_(id), after_(after), token_(context.watch.on_change(id, std::move(wake))) {}

  State pull(std::string& out) override {
    // Asked before the events: what it did before it was deleted is told after this answer.
    const auto tenant = context_.store.find(id_);
    const auto page = context_.store.events(id_, after_, events_per_piece);
    for (const Event& event : page) {
      out += as_server_sent(event);
      after_ = event.seq;
    }
    const auto now = std::chrono::steady_clock::now();
    if (page.empty() && now - told_at_ >= heartbeat) out += ":\n\n";
    if (!out.empty()) told_at_ = now;
    if (page.size() == events_per_piece) return State::more;
    return !tenant || tenant->status == Status::deleted ? State::ended : State::waiting;
  }
  Millis pause() const override { return heartbeat; }

 private:
  const Context& context_;
  const TenantId id_;
  std::uint64_t after_;
  const Watch::Token token_;
  std::chrono::steady_clock::time_point told_at_ = std::chrono::steady_clock::now();
};

net::Reply event_stream(const Context& context, const TenantId& id, std::uint64_t after) {
  net::StreamingResponse stream;
  stream.head.headers = {{"Content-Type", "text/event-stream"}};
  stream.open = [&context, id, after](const std::stop_token&, std::function<void()> wake) {
    return std::make_unique<EventSource>(context, id, after, std::move(wake));
  };
  return stream;
}

// A page of the timeline; with `wait`, held until there is something to show.
net::Reply events(const Call& call, const Context& context) {
  const TenantId id = tenant_of(call, context).id;
  auto after = static_cast<std::uint64_t>(query_number(call, "after", 0, 0, seq_limit));
  const std::string last_id = net::header(call.request.headers, "Last-Event-ID");
  if (!last_id.empty()) after = static_cast<std::uint64_t>(parse_number("Last-Event-ID", last_id, 0, seq_limit));
  if (net::header(call.request.headers, "Accept").find("text/event-stream") != std::string::npos) {
    return event_stream(context, id, after);
  }
  const auto limit = static_cast<std::size_t>(query_number(call, "limit", 100, 1, 1'000));
  const std::int64_t wait = query_number(call, "wait", 0, 0, 30);
  if (wait == 0 || !context.store.events(id, after, 1).empty()) return events_page(context, id, after, limit);
  auto token = std::make_shared<Watch::Token>();
  net::WaitingResponse waiting;
  waiting.timeout = std::chrono::seconds(wait);
  waiting.subscribe = [&context, id, token](std::function<void()> wake) {
    *token = context.watch.on_change(id, std::move(wake));
  };
  waiting.ready = [&context, id, after] { return !context.store.events(id, after, 1).empty(); };
  // The token ends with this function.
  waiting.finish = [&context, id, after, limit, token] { return events_page(context, id, after, limit); };
  return waiting;
}

// The instance's output. The answer has begun by the time that something can go wrong with it, so it is told in its
// text.
class LogSource : public PieceSource {
 public:
  LogSource(RuntimeLogs& logs, const TenantId& id, std::size_t tail, bool follow, std::stop_token stop)
      : open_([&logs, id, tail, follow, stop] { return logs.open_logs(id, tail, follow, stop); }) {}

  State pull(std::string& out) override {
    try {
      if (!source_) source_ = open_();
      return source_->pull(out);
    } catch (const Error& error) {
      out += fmt::format("slipway: {}\n", error.what());
      return State::ended;
    }
  }
  int descriptor() const override { return source_ ? source_->descriptor() : -1; }
  Millis pause() const override { return source_ ? source_->pause() : PieceSource::pause(); }

 private:
  const std::function<std::unique_ptr<PieceSource>()> open_;
  std::unique_ptr<PieceSource> source_;
};

net::Reply logs(const Call& call, const Context& context) {
  if (context.logs == nullptr) throw Error(ErrorKind::not_found, "this runtime keeps no logs");
  const TenantId id = tenant_of(call, context).id;
  const auto tail = static_cast<std::size_t>(query_number(call, "tail", 100, 0, 100'000));
  const bool follow = query_number(call, "follow", 0, 0, 1) == 1;
  net::StreamingResponse stream;
  stream.head.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
  stream.open = [&context, id, tail, follow](std::stop_token stop, const auto&) {
    return std::make_unique<LogSource>(*context.logs, id, tail, follow, std::move(stop));
  };
  return stream;
}

net::Reply stats(const Call& call, const Context& context) {
  const TenantId id = tenant_of(call, context).id;
  const auto found = context.stats == nullptr ? std::nullopt : context.stats->stats(id);
  if (!found) throw Error(ErrorKind::not_found, "the tenant's instance does not run, so there is nothing to measure");
  return json_response(200, {{"memoryBytes", found->memory_bytes},
                             {"memoryLimitBytes", found->memory_limit_bytes},
                             {"cpuSeconds", found->cpu_seconds},
                             {"pids", found->pids}});
}

}  // namespace

void add_timeline_routes(Router& router, const Context& context) {
  router.add("GET", "/v1/tenants/{id}/events", Needs::admin,
             [&context](const Call& call) { return events(call, context); });
  router.add("GET", "/v1/tenants/{id}/logs", Needs::admin,
             [&context](const Call& call) { return logs(call, context); });
  router.add("GET", "/v1/tenants/{id}/stats", Needs::admin,
             [&context](const Call& call) { return stats(call, context); });
}

}  // namespace slipway::api
