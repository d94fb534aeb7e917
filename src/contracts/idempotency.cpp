#include "contracts/idempotency.hpp"

namespace slipway {
namespace {

constexpr char separator = '\n';  // a client's key is printable ASCII, so none can be made to read as another's

}  // namespace

IdempotencyKey owned_key(std::string_view owner, const IdempotencyKey& sent) {
  return IdempotencyKey(std::string(owner) + separator + sent.value());
}

std::optional<IdempotencyKey> unowned(const IdempotencyKey& key) {
  const auto end = key.value().find(separator);
  if (end == std::string::npos) return std::nullopt;
  return IdempotencyKey(key.value().substr(end + 1));
}

}  // namespace slipway
