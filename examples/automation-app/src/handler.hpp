#pragma once
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <condition_variable>
#include <mutex>

#include "jobs.hpp"
#include "scheduler.hpp"
#include "settings.hpp"

namespace automation {

using Request = boost::beast::http::request<boost::beast::http::string_body>;
using Response = boost::beast::http::response<boost::beast::http::string_body>;

// Answers requests: the page and its forms, the JSON API, and /healthz. May be called by several threads.
class Handler {
 public:
  Handler(const Settings& settings, Database& database, Jobs& jobs, Scheduler& scheduler)
      : settings_(settings), database_(database), jobs_(jobs), scheduler_(scheduler) {}

  // Never throws: what goes wrong becomes a status.
  Response answer(const Request& request);
  // The schema is in place. Requests that come before wait a moment for it, then get a 503.
  void set_ready();

 private:
  bool wait_until_ready();
  Response route(const Request& request);
  Response health();
  Response submitted(const Request& request);
  Response api(const Request& request, const std::string& rest);
  Response api_add(const Request& request);
  Response job_button(const std::string& rest);

  const Settings& settings_;
  Database& database_;
  Jobs& jobs_;
  Scheduler& scheduler_;
  std::mutex mutex_;
  std::condition_variable became_ready_;
  bool ready_ = false;
};

}  // namespace automation
