#include "lambda/worker.hpp"

#include "base/error.hpp"

namespace slipway::lambda {
namespace {

constexpr Millis while_another_works{5'000};

}  // namespace

void Worker::work(const Work& work) {
  if (work.due) {
    const auto row = store_.find(work.tenant);
    if (!row || !row->due_at || *row->due_at > clock_.now()) return;
  }
  auto tenant = turns_.claim(work.tenant);
  if (!tenant) {
    // Another works on it and may have read the row before what happened now; or it is gone.
    const auto row = store_.find(work.tenant);
    if (row && row->due_at) send(work, while_another_works);
    return;
  }
  const auto outcome = turns_.reconcile(*tenant);
  if (const auto again = turns_.give_back(*tenant, outcome)) send({work.tenant, again});
}

void Worker::note(const TenantId& id, const std::string& message) {
  store_.append(id, {0, clock_.now(), "error", "", message, std::nullopt});
}

void Worker::send(const Work& work, Millis wait) const {
  try {
    queue_.send(work, wait);
  } catch (const Error& error) {
    log_.warn("no message for later could be left; the clock's next event finds the tenant",
              {{"tenant", work.tenant.value()}, {"why", error.what()}});
  }
}

}  // namespace slipway::lambda
