#include "base/guard.hpp"

namespace slipway {

std::string words_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    // Kept by the caller: only its type is unknown.
    static_cast<void>(std::current_exception());
    return "something that is not an exception";
  }
}

void log_thrown(const Log& log, std::string_view doing, const std::exception_ptr& thrown) noexcept {
  try {
    log.error(std::string(doing) + " threw: " + words_of(thrown));
  } catch (const std::exception&) {
    return;  // no memory to say it with
  }
}

}  // namespace slipway
