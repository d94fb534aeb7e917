#include "drivers/store/dynamodb/timeline.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "drivers/store/dynamodb/keys.hpp"

namespace slipway::dynamodb {
namespace {

constexpr std::uint64_t shown_limit = 1000;         // events of a timeline
constexpr std::uint64_t item_limit = 500;           // events of an item; below `seq_step`
constexpr std::size_t item_bytes = 200'000;         // of an item's events; DynamoDB takes 400 KB
constexpr std::uint64_t seq_step = 1000;            // an event's seq is its item's number times this, plus its place
constexpr std::uint64_t trim_step = 100;            // events between two clean-ups
constexpr Millis numbers_begin{1'577'836'800'000};  // 2020-01-01

std::string sort_key(std::uint64_t number) { return "EVENT#" + padded(number, 12); }

std::uint64_t number_at(const Item& item) {
  const std::string sk = text_of(item, "sk");
  return std::stoull(sk.substr(sk.find('#') + 1));
}

boost::json::object to_json(const Event& event) {
  boost::json::object json{{"at", event.at.time_since_epoch().count()}, {"kind", event.kind}};
  if (!event.step.empty()) json["step"] = event.step;
  if (!event.message.empty()) json["message"] = event.message;
  if (event.duration) json["ms"] = event.duration->count();
  return json;
}

Event from_json(const boost::json::object& json, std::uint64_t seq) {
  Event event;
  event.seq = seq;
  event.at = TimePoint(Millis(int_at(json, "at")));
  event.kind = string_at(json, "kind");
  event.step = string_at(json, "step");
  event.message = string_at(json, "message");
  if (json.contains("ms")) event.duration = Millis(int_at(json, "ms"));
  return event;
}

std::vector<Event> events_at(const Item& item) {
  const boost::json::value parsed = parse_json(text_of(item, "events"), "ledger");
  std::vector<Event> events;
  for (const boost::json::value& entry : parsed.as_array()) {
    events.push_back(from_json(entry.as_object(), number_at(item) * seq_step + events.size()));
  }
  return events;
}

}  // namespace

Timeline::End Timeline::fresh(const Event& event) {
  const Millis since = std::max(event.at.time_since_epoch() - numbers_begin, Millis(1'000));
  return {static_cast<std::uint64_t>(since.count() / 1'000), 0};
}

std::optional<Timeline::End> Timeline::remembered(const TenantId& id) {
  std::lock_guard lock(mutex_);
  const auto found = ends_.find(id);
  if (found == ends_.end()) return std::nullopt;
  return found->second;
}

void Timeline::remember(const TenantId& id, const End& end) {
  std::lock_guard lock(mutex_);
  End& known = ends_[id];
  if (end.next > known.next) known = end;
}

void Timeline::moved(const TenantId& id, const End& end) {
  std::lock_guard lock(mutex_);
  if (const auto found = ends_.find(id); found != ends_.end()) found->second = end;
}

void Timeline::forget(const TenantId& id) {
  std::lock_guard lock(mutex_);
  ends_.erase(id);
}

Timeline::End Timeline::end_of(const TenantId& id, const Event& first) {
  if (const auto known = remembered(id)) return *known;
  End end = fresh(first);
  Query query{.condition = "#pk = :pk AND begins_with(#sk, :event)",
              .values = {{":pk", text(pk_of(id))}, {":event", text("EVENT#")}},
              .projection = "#sk, #total",
              .descending = true,
              .consistent = true,
              .page_limit = 1};
  table_.each(query, [&](const Item& item) {
    end = {number_at(item) + 1, static_cast<std::uint64_t>(number_of(item, "total"))};
    return false;
  });
  return end;
}

std::vector<Write> Timeline::append(const TenantId& id, End& at, const std::vector<Event>& events,
                                    const std::string& writer) const {
  std::vector<Write> writes;
  for (auto event = events.begin(); event != events.end();) {
    boost::json::array chunk;
    std::size_t bytes = 0;
    TimePoint newest = event->at;
    for (; event != events.end() && chunk.size() < item_limit && bytes < item_bytes; ++event) {
      chunk.emplace_back(to_json(*event));
      bytes += event->message.size() + 100;
      newest = std::max(newest, event->at);
    }
    at.total += chunk.size();
    Write write;
    write.subject = key_of(pk_of(id), sort_key(at.next++));
    write.subject["events"] = text(boost::json::serialize(chunk));
    write.subject["total"] = number(static_cast<std::int64_t>(at.total));
    write.subject["writer"] = text(writer);
    write.subject["expires"] =
        number(std::chrono::duration_cast<std::chrono::seconds>((newest + keep_).time_since_epoch()).count());
    // The second: a repeat of the very same write, whose answer was lost.
    write.condition = "attribute_not_exists(#pk) OR #writer = :writer";
    write.values = {{":writer", text(writer)}};
    writes.push_back(std::move(write));
  }
  return writes;
}

void Timeline::trim(const TenantId& id, const End& end, std::size_t count) {
  const std::uint64_t total = end.total;
  if (total <= shown_limit || (total + count) / trim_step == total / trim_step) return;
  std::vector<Item> old;
  Query query{.condition = "#pk = :pk AND begins_with(#sk, :event)",
              .values = {{":pk", text(pk_of(id))}, {":event", text("EVENT#")}},
              .projection = "#pk, #sk, #total",
              .consistent = true,
              .page_limit = 2 * trim_step};
  table_.each(query, [&](const Item& item) {
    if (static_cast<std::uint64_t>(number_of(item, "total")) + shown_limit > total) return false;
    old.push_back(key_of(text_of(item, "pk"), text_of(item, "sk")));
    return true;
  });
  table_.remove_all(old);
}

std::vector<Event> Timeline::next(const TenantId& id, std::uint64_t after, std::size_t limit) {
  std::vector<Event> events;
  Query query{
      .condition = "#pk = :pk AND #sk BETWEEN :after AND :end",
      .values = {{":pk", text(pk_of(id))}, {":after", text(sort_key(after / seq_step))}, {":end", text("EVENT#~")}},
      .consistent = true,
      .page_limit = std::clamp<std::size_t>(limit, 1, 200)};
  table_.each(query, [&](const Item& item) {
    for (const Event& event : events_at(item)) {
      if (event.seq > after && events.size() < limit) events.push_back(event);
    }
    return events.size() < limit;
  });
  return events;
}

std::vector<Event> Timeline::newest(const TenantId& id, std::size_t limit) {
  std::vector<Event> events;  // newest first
  std::optional<std::uint64_t> oldest_shown;
  Query query{.condition = "#pk = :pk AND begins_with(#sk, :event)",
              .values = {{":pk", text(pk_of(id))}, {":event", text("EVENT#")}},
              .descending = true,
              .consistent = true,
              .page_limit = std::clamp<std::size_t>(limit, 1, 200)};
  table_.each(query, [&](const Item& item) {
    auto ordinal = static_cast<std::uint64_t>(number_of(item, "total"));  // of the item's last event, from 1
    if (!oldest_shown) oldest_shown = ordinal > shown_limit ? ordinal - shown_limit + 1 : 1;
    const std::vector<Event> found = events_at(item);
    for (auto event = found.rbegin(); event != found.rend(); ++event, --ordinal) {
      if (ordinal < *oldest_shown || events.size() >= limit) return false;
      events.push_back(*event);
    }
    return true;
  });
  std::reverse(events.begin(), events.end());
  return events;
}

}  // namespace slipway::dynamodb
