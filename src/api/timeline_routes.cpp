#include <fmt/format.h>

#include <condition_variable>
#include <mutex>

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

constexpr auto heartbeat = std::chrono::seconds(15);     // so that proxies keep the connection
constexpr auto look_interval = std::chrono::seconds(1);  // at whether the client is still there
constexpr std::int64_t seq_limit = std::int64_t{1} << 53;

// https://html.spec.whatwg.org/multipage/server-sent-events.html
std::string as_server_sent(const Event& event) {
  return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event.seq, event.kind, json::serialize(event_json(event)));
}

// Writes what there is and then what comes, until the client goes away or the tenant is deleted.
void stream_events(const Context& context, const TenantId& id, std::uint64_t after, net::BodyWriter& out) {
  std::mutex mutex;
  std::condition_variable changed;
  bool news = true;
  const auto token = context.watch.on_change(id, [&] {
    const std::lock_guard lock(mutex);
    news = true;
    changed.notify_one();
  });
  auto last_written = std::chrono::steady_clock::now();
  while (out.open()) {
    const auto tenant = context.store.find(id);
    for (auto page = context.store.events(id, after, 1'000); !page.empty();
         page = context.store.events(id, after, 1'000)) {
      for (const Event& event : page) {
        if (!out.write(as_server_sent(event))) return;
        after = event.seq;
      }
      last_written = std::chrono::steady_clock::now();
    }
    if (!tenant || tenant->status == Status::deleted) return;
    if (std::chrono::steady_clock::now() - last_written > heartbeat) {
      if (!out.write(":\n\n")) return;
      last_written = std::chrono::steady_clock::now();
    }
    std::unique_lock lock(mutex);
    changed.wait_for(lock, look_interval, [&] { return news; });
    news = false;
  }
}

net::Reply event_stream(const Context& context, const TenantId& id, std::uint64_t after) {
  net::StreamingResponse stream;
  stream.head.headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}};
  stream.produce = [&context, id, after](net::BodyWriter& out) { stream_events(context, id, after, out); };
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
  waiting.subscribe = [&context, id, after, token](std::function<void()> wake) {
    const auto wake_if_any = [&context, id, after, wake = std::move(wake)] {
      if (!context.store.events(id, after, 1).empty()) wake();
    };
    *token = context.watch.on_change(id, wake_if_any);
    wake_if_any();
  };
  // The token ends with this function.
  waiting.finish = [&context, id, after, limit, token] { return events_page(context, id, after, limit); };
  return waiting;
}

net::Reply logs(const Call& call, const Context& context) {
  if (context.logs == nullptr) throw Error(ErrorKind::not_found, "this runtime keeps no logs");
  const TenantId id = tenant_of(call, context).id;
  const auto tail = static_cast<std::size_t>(query_number(call, "tail", 100, 0, 100'000));
  const bool follow = query_number(call, "follow", 0, 0, 1) == 1;
  net::StreamingResponse stream;
  stream.head.headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}};
  stream.produce = [&context, id, tail, follow](net::BodyWriter& out) {
    try {
      std::stop_source stop;
      context.logs->logs(
          id, tail, follow, [&](std::string_view chunk) { return out.write(chunk); }, stop.get_token());
    } catch (const Error& error) {
      out.write(fmt::format("slipway: {}\n", error.what()));
    }
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
