#include "drivers/store/sqlite/sqlite_store.hpp"
#include "tests/contract/store_contract.hpp"
#include "tests/fakes/memory_store.hpp"

namespace slipway::test {
namespace {

const StoreFactory memory{"memory", [](const std::filesystem::path&, Port first, Port last) {
                            return std::make_unique<MemoryStore>(first, last);
                          }};

const StoreFactory sqlite{"sqlite", [](const std::filesystem::path& scratch, Port first, Port last) {
                            return std::make_unique<sqlite::SqliteStore>((scratch / "ledger.db").string(),
                                                                         sqlite::Options{first, last, Millis(5'000)});
                          }};

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract, testing::Values(memory, sqlite),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace slipway::test
