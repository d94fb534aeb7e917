#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contracts/access.hpp"
#include "drivers/store/dynamodb/table.hpp"

namespace slipway::dynamodb {

// API keys and the audit trail. An entry's seq comes from its time, so that writers need not wait for each other: it
// ascends within a process, and between processes as far as their clocks agree.
class Access {
 public:
  explicit Access(Table& table) : table_(table) {}

  void add_key(const ApiKey& key);
  std::vector<ApiKey> keys();
  std::optional<ApiKey> find_key(std::string_view hash);
  bool revoke_key(const KeyId& id, TimePoint now);

  void record(const AuditEntry& entry);
  // The write that adds the entry, under a seq of its own.
  Write entry_write(const AuditEntry& entry, const std::string& writer);
  std::vector<AuditEntry> audit(const AuditFilter& filter);

 private:
  std::uint64_t next_seq(TimePoint at);

  Table& table_;
  std::atomic<std::uint64_t> last_seq_{0};
};

}  // namespace slipway::dynamodb
