// The sample tenant app: jobs on a schedule, kept with their history in the tenant's own Postgres.

#include <boost/asio/signal_set.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "handler.hpp"
#include "server.hpp"

namespace {

using namespace automation;
using namespace std::chrono_literals;

constexpr auto kDatabaseBudget = 30s;
constexpr auto kLongestPause = 2s;
constexpr auto kStopBudget = 2s;

// Tries until the schema is in place. The database may well come up after the app. Throws DatabaseError when the
// budget is spent; false when stopped meanwhile.
bool prepare_database(Database& database, const std::stop_token& stop) {
  const auto until = std::chrono::steady_clock::now() + kDatabaseBudget;
  std::mutex mutex;
  std::condition_variable_any never;
  std::chrono::milliseconds pause = 20ms;
  while (!stop.stop_requested()) {
    try {
      migrate(database);
      return true;
    } catch (const DatabaseError& error) {
      const bool connected = !error.sqlstate.empty();
      if (connected || std::chrono::steady_clock::now() + pause > until) throw;
      std::fprintf(stderr, "%s; trying again\n", error.what());
    }
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, pause, [] { return false; });
    pause = std::min<std::chrono::milliseconds>(pause * 2, kLongestPause);
  }
  return false;
}

// The background half: bring the schema up to date, then run what is due. 0 after a stop, 1 when it cannot go on.
int work(Database& database, Scheduler& scheduler, Handler& handler, const std::stop_token& stop) {
  try {
    if (prepare_database(database, stop)) {
      handler.set_ready();
      scheduler.run(stop);
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "automation-app: %s\n", error.what());
    return 1;
  }
}

int serve(const Settings& settings) {
  // One connection serves the page and the scheduler: no statement is slow, and each connection costs Postgres memory.
  Database database(settings.database_url);
  Jobs jobs(database);
  Scheduler scheduler(jobs);
  Handler handler(settings, database, jobs, scheduler);

  boost::asio::io_context io;
  boost::asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (!error) io.stop();
  });
  Server server(io, settings.port, handler);
  std::printf("automation-app: listening on port %u\n", static_cast<unsigned>(server.port()));
  std::fflush(stdout);

  std::mutex mutex;
  std::condition_variable finished;
  std::optional<int> result;
  std::stop_source stop;
  std::thread worker([&] {
    const int code = work(database, scheduler, handler, stop.get_token());
    const std::lock_guard lock(mutex);
    result = code;
    finished.notify_all();
    io.stop();
  });
  std::thread second([&] { io.run(); });
  io.run();
  second.join();
  stop.request_stop();

  std::unique_lock lock(mutex);
  if (!finished.wait_for(lock, kStopBudget, [&] { return result.has_value(); })) {
    // A statement that does not come back. Whatever was promised is in Postgres, so nothing is lost by leaving.
    std::_Exit(0);
  }
  lock.unlock();
  worker.join();
  return *result;
}

}  // namespace

int main() {
  try {
    return serve(read_settings([](const char* name) { return std::getenv(name); }));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "automation-app: %s\n", error.what());
    return 1;
  }
}
