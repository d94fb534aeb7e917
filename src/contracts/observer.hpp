#pragma once
#include <chrono>
#include <string_view>

#include "model/tenant.hpp"

namespace slipway {

// Told what happens, so that it can be measured; changes nothing. By itself it watches nothing. Calls come from any
// thread, must be quick and must not throw.
class Observer {
 public:
  virtual ~Observer() = default;

  // A sign-up came to its end: the app is ready for the first time, `since_sign_up` after it, or it was given up.
  enum class Provisioned { ready, failed };
  virtual void provisioned(Provisioned, Millis /*since_sign_up*/) {}

  // A mail came to its end: it was sent, or it will not be tried again by itself.
  enum class Mailed { sent, given_up };
  virtual void mailed(Mailed) {}

  virtual void step_done(Step, Millis /*took*/) {}
  virtual void step_failed(Step) {}   // one try of it
  virtual void step_retried(Step) {}  // it is tried again after a failure

  // A call to a driver ("store", "runtime", "database", "mail") has returned, or has thrown.
  virtual void driver_called(std::string_view /*driver*/, std::string_view /*operation*/, bool /*returned*/,
                             std::chrono::nanoseconds /*took*/) {}

  // A request was answered. `route` is a pattern such as "/v1/tenants/{id}", "none" where no route fits.
  virtual void answered(std::string_view /*method*/, std::string_view /*route*/, int /*status*/,
                        std::chrono::nanoseconds /*took*/) {}
};

}  // namespace slipway
