#pragma once
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "model/names.hpp"

namespace slipway {

// A client's key as the ledger knows it: that of `owner` ("socket", or the id of an API key). Each owner has keys of
// its own, so that what one sends says nothing about what another has sent.
IdempotencyKey owned_key(std::string_view owner, const IdempotencyKey& sent);

// The key as a version wrote it that knew no owners: looked for beside the owned one, and never written. Nothing where
// the key has no owner.
std::optional<IdempotencyKey> unowned(const IdempotencyKey& key);

// How long a key is known. After that it is as if it had never been sent, and its place is given to whoever sends it.
constexpr Millis key_life = std::chrono::hours(24 * 90);

}  // namespace slipway
