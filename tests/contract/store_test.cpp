#include "base/random.hpp"
#include "drivers/store/dynamodb/dynamo_store.hpp"
#include "drivers/store/dynamodb/schema.hpp"
#include "drivers/store/sqlite/sqlite_store.hpp"
#include "tests/contract/store_contract.hpp"
#include "tests/fakes/fake_dynamodb.hpp"
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

// Over a DynamoDB in memory whose pages are short, so that every loop over pages goes round. Emulators that others
// wrote have a program of their own: dynamodb_test.cpp.
std::unique_ptr<Store> make_dynamodb(const std::filesystem::path&, Port first, Port last) {
  static SystemRandom random;
  const auto fake = std::make_shared<FakeDynamoDb>();
  fake->set_page_items(3);
  fake->call("CreateTable", dynamodb::create_table_input("ledger"));
  const auto call = [fake](std::string_view operation, const boost::json::object& input) {
    return fake->call(operation, input);
  };
  return std::make_unique<dynamodb::DynamoStore>(
      call, dynamodb::Options{"ledger", first, last, std::chrono::hours(24), {Millis(1), Millis(20)}}, random);
}

const StoreFactory dynamodb_in_memory{"dynamodb", make_dynamodb};

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract, testing::Values(memory, sqlite, dynamodb_in_memory),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace slipway::test
