#include <gtest/gtest.h>

#include "aws/client.hpp"
#include "base/random.hpp"
#include "drivers/store/dynamodb/dynamo_store.hpp"
#include "drivers/store/dynamodb/schema.hpp"
#include "tests/fakes/fake_dynamodb.hpp"
#include "tests/sim/simulation.hpp"

// The engine's promises over the DynamoDB driver: its transactions, its guesses, indexes that lag behind the table.
// What fails between driver and service is tested beside the driver.
namespace slipway::test {
namespace {

struct Cloud {
  explicit Cloud(std::uint64_t seed) : random(seed) {}
  FakeDynamoDb fake;
  SeededRandom random;
};

// The ledger of the processes. Each look through an index that lags takes the time of one write.
dynamodb::Call line_of_processes(const std::shared_ptr<Cloud>& cloud) {
  return [cloud](std::string_view operation, const boost::json::object& input) {
    boost::json::object answer = cloud->fake.call(operation, input);
    if (operation == "Query") cloud->fake.let_indexes_catch_up();
    return answer;
  };
}

// The ledger of the judge, who sees what is and not what a late index shows.
dynamodb::Call line_of_judge(const std::shared_ptr<Cloud>& cloud) {
  return [cloud](std::string_view operation, const boost::json::object& input) {
    return cloud->fake.call_exactly(operation, input);
  };
}

std::unique_ptr<Store> ledger_over(const dynamodb::Call& call, Cloud& cloud) {
  const dynamodb::Options options{
      "ledger", Port(20'000), Port(20'009), std::chrono::hours(24 * 90), {Millis(0), Millis(0)}};
  return std::make_unique<dynamodb::DynamoStore>(call, options, cloud.random);
}

TEST(SimulationOverDynamoDb, PromisesAreKept) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const auto cloud = std::make_shared<Cloud>(seed);
    cloud->fake.call("CreateTable", dynamodb::create_table_input("ledger"));
    cloud->fake.set_index_lag(seed % 8);
    sim::Options options;
    options.seed = seed;
    options.make_store = [&] { return ledger_over(line_of_judge(cloud), *cloud); };
    options.break_fakes = [&](sim::Fakes& fakes) {
      fakes.faulty_store = ledger_over(line_of_processes(cloud), *cloud);
    };
    const sim::Verdict verdict = sim::simulate(options);
    for (const std::string& violation : verdict.violations) ADD_FAILURE() << "seed " << seed << ": " << violation;
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace slipway::test
