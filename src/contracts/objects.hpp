#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

// Something that must survive a crash and is no tenant: a release, say.
struct Object {
  std::string kind;           // one of our own words: "release"
  std::string id;             // unique within its kind; 1 to 1,000 bytes
  std::string document;       // the kind's own JSON, at most 300 KB: an item of DynamoDB holds 400 KB
  std::uint64_t version = 0;  // compare-and-set; 0: not written yet
};

// The part of the ledger that keeps objects of every kind alike, so that a new kind needs no change to a store. Durable
// when a call returns. Errors as those of Store.
class Objects {
 public:
  virtual ~Objects() = default;

  virtual std::optional<Object> object(std::string_view kind, std::string_view id) = 0;

  // Writes the object if its version is the one in the ledger (0: there is none), and sets it to the new one. False,
  // and nothing written, otherwise.
  virtual bool put(Object& object) = 0;

  // Removes the object if its version is the one in the ledger. Absent is success. Versions of an id that is put again
  // begin anew, so a kind should not reuse its ids.
  virtual bool erase(const Object& object) = 0;

  // Those of a kind whose id is greater than `after` (bytewise), ascending by id; at most `limit` (1..1000).
  virtual std::vector<Object> objects(std::string_view kind, std::string_view after, std::size_t limit) = 0;
};

}  // namespace slipway
