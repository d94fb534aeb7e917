#include "contracts/runtime.hpp"

#include <poll.h>

#include <algorithm>

namespace slipway {
namespace {
constexpr Millis look_interval{50};  // at whether it should stop
}

void RuntimeLogs::logs(const TenantId& tenant, std::size_t tail, bool follow, const Sink& sink, std::stop_token stop) {
  const auto source = open_logs(tenant, tail, follow, stop);
  while (!stop.stop_requested()) {
    std::string piece;
    const auto state = source->pull(piece);
    if (!piece.empty() && !sink(piece)) return;
    if (state == PieceSource::State::ended) return;
    if (state == PieceSource::State::more) continue;
    pollfd asked{source->descriptor(), POLLIN, 0};  // poll() passes over a descriptor of -1
    ::poll(&asked, 1, static_cast<int>(std::min(source->pause(), look_interval).count()));
  }
}

}  // namespace slipway
