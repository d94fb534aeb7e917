#pragma once
#include <boost/json.hpp>
#include <string>

#include "base/clock.hpp"
#include "cli/context.hpp"

// What several commands print alike.
namespace slipway::cli {

// One document, or one line of a stream, as the API gave it.
void print_json(Context& context, const boost::json::value& value);

// An RFC 3339 time as "2026-11-23 15:42:00Z", or what was given where it is none.
std::string short_time(const std::string& rfc3339);

// One line of a timeline: a mark, the words, the duration.
std::string timeline_line(const boost::json::object& event, bool colours);

// "acme: suspending", with the reason where there is one.
void print_status(Context& context, const boost::json::object& tenant);

}  // namespace slipway::cli
