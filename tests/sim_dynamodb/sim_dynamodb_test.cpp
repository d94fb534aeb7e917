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

enum class Line { sound, bad };

class SimulatedLedger : public dynamodb::DynamoStore {
 public:
  struct World {
    explicit World(std::uint64_t seed) : random(seed) {}
    FakeDynamoDb fake;
    SeededRandom random;
  };

  static std::unique_ptr<Store> make(std::uint64_t seed, Line line) {
    auto world = std::make_shared<World>(seed);
    world->fake.call("CreateTable", dynamodb::create_table_input("ledger"));
    world->fake.set_index_lag(seed % 8);
    const dynamodb::Call call = [world, line](std::string_view operation, const boost::json::object& input) {
      return line == Line::sound ? world->fake.call(operation, input) : over_bad_line(*world, operation, input);
    };
    return std::make_unique<SimulatedLedger>(world, call);
  }

  SimulatedLedger(std::shared_ptr<World> world, const dynamodb::Call& call)
      : DynamoStore(call, {"ledger", Port(20'000), Port(20'009), std::chrono::hours(24 * 90), {Millis(0), Millis(0)}},
                    world->random),
        world_(std::move(world)) {}

 private:
  // As aws::Client leaves it: most faults are gone by a repeat, some are not.
  static boost::json::object over_bad_line(World& world, std::string_view operation, boost::json::object input) {
    const std::uint64_t chance = world.random.next() % 200;
    if (chance < 4) {  // the answer was lost, and the client has asked again
      try {
        world.fake.call(operation, input);
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
      world.fake.call(operation, input);
      throw Error(ErrorKind::unavailable, "dynamodb: nothing came back");
    }
    return world.fake.call(operation, input);
  }

  std::shared_ptr<World> world_;
};

void simulate_all(Line line, std::uint64_t first, std::uint64_t seeds) {
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    sim::Options options;
    options.seed = seed;
    options.make_store = [&] { return SimulatedLedger::make(seed, line); };
    const sim::Verdict verdict = sim::simulate(options);
    for (const std::string& violation : verdict.violations) ADD_FAILURE() << "seed " << seed << ": " << violation;
    if (testing::Test::HasFailure()) return;
  }
}

TEST(SimulationOverDynamoDb, PromisesAreKept) { simulate_all(Line::sound, 1, 150); }
TEST(SimulationOverDynamoDb, PromisesAreKeptOverABadLine) { simulate_all(Line::bad, 10'001, 150); }

}  // namespace
}  // namespace slipway::test
