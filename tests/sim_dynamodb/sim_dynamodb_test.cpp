#include <gtest/gtest.h>

#include "aws/client.hpp"
#include "base/random.hpp"
#include "drivers/store/dynamodb/dynamo_store.hpp"
#include "drivers/store/dynamodb/schema.hpp"
#include "tests/fakes/fake_dynamodb.hpp"
#include "tests/sim/simulation.hpp"

// The engine's promises over the DynamoDB driver: its transactions, its guesses, indexes that lag behind the table, and
// a line to DynamoDB that fails below the store, where the simulation itself fails above it.
namespace slipway::test {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t seeds = 15;  // they are many times slower here
#else
constexpr std::uint64_t seeds = 150;
#endif

enum class Line { sound, bad };

struct Cloud {
  explicit Cloud(std::uint64_t seed) : random(seed) {}
  FakeDynamoDb fake;
  SeededRandom random;
};

// As aws::Client leaves it: most faults are gone by a repeat, some are not.
boost::json::object over_bad_line(Cloud& cloud, std::string_view operation, boost::json::object input) {
  const std::uint64_t chance = cloud.random.next() % 200;
  if (chance < 4) {  // the answer was lost, and the client has asked again
    try {
      cloud.fake.call(operation, input);
    } catch (const aws::ServiceError&) {
      // The first answer is lost whatever it was.
    }
    if (chance < 2) input.erase("ClientRequestToken");
  } else if (chance == 4) {
    throw aws::ServiceError(ErrorKind::limited, "dynamodb: throttled", "ThrottlingException", {});
  } else if (chance < 8 && operation == "TransactWriteItems") {
    boost::json::array reasons(input.at("TransactItems").as_array().size(), boost::json::object{{"Code", "None"}});
    reasons.back() = boost::json::object{{"Code", "TransactionConflict"}};
    throw aws::ServiceError(ErrorKind::conflict, "dynamodb: conflict", "TransactionCanceledException",
                            {{"CancellationReasons", std::move(reasons)}});
  } else if (chance == 8) {
    cloud.fake.call(operation, input);
    throw Error(ErrorKind::unavailable, "dynamodb: nothing came back");
  }
  return cloud.fake.call(operation, input);
}

// The ledger of the processes. Each look through an index that lags takes the time of one write.
dynamodb::Call line_of_processes(const std::shared_ptr<Cloud>& cloud, Line line) {
  return [cloud, line](std::string_view operation, const boost::json::object& input) {
    boost::json::object answer =
        line == Line::sound ? cloud->fake.call(operation, input) : over_bad_line(*cloud, operation, input);
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

void simulate_all(Line line, std::uint64_t first) {
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const auto cloud = std::make_shared<Cloud>(seed);
    cloud->fake.call("CreateTable", dynamodb::create_table_input("ledger"));
    cloud->fake.set_index_lag(seed % 8);
    sim::Options options;
    options.seed = seed;
    options.make_store = [&] { return ledger_over(line_of_judge(cloud), *cloud); };
    options.break_fakes = [&](sim::Fakes& fakes) {
      fakes.faulty_store = ledger_over(line_of_processes(cloud, line), *cloud);
    };
    const sim::Verdict verdict = sim::simulate(options);
    for (const std::string& violation : verdict.violations) ADD_FAILURE() << "seed " << seed << ": " << violation;
    if (testing::Test::HasFailure()) return;
  }
}

TEST(SimulationOverDynamoDb, PromisesAreKept) { simulate_all(Line::sound, 1); }
TEST(SimulationOverDynamoDb, PromisesAreKeptOverABadLine) { simulate_all(Line::bad, 10'001); }

}  // namespace
}  // namespace slipway::test
