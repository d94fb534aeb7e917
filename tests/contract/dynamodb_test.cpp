#include <atomic>
#include <mutex>

#include "aws/client.hpp"
#include "base/random.hpp"
#include "drivers/store/dynamodb/dynamo_store.hpp"
#include "drivers/store/dynamodb/schema.hpp"
#include "tests/contract/dynamodb_server.hpp"
#include "tests/contract/store_contract.hpp"

// The suite of store_test.cpp for the DynamoDB driver, through the project's own client, on emulators that others
// wrote. An emulator takes seconds to start, so the program starts each once and ctest runs the program once for each.
namespace slipway::test {
namespace {

// An emulator and a client of it.
class Service {
 public:
  explicit Service(const EmulatorProgram& program)
      : emulator_(program),
        credentials_({"AKIATEST", Secret("secret"), Secret(""), std::nullopt}),
        session_{.region = "eu-central-1", .credentials = credentials_, .clock = clock_, .random = random_},
        client_(with_endpoint(), aws::services::dynamodb) {}

  std::unique_ptr<Store> make_store(Port first, Port last, bool one_at_a_time) {
    const std::string table = "ledger-" + std::to_string(++tables_);
    client_.call("CreateTable", dynamodb::create_table_input(table));
    client_.call("UpdateTimeToLive", dynamodb::time_to_live_input(table));
    dynamodb::Call call = dynamodb::through(client_);
    if (one_at_a_time) {
      call = [this, call](std::string_view operation, const boost::json::object& input) {
        std::lock_guard lock(mutex_);
        return call(operation, input);
      };
    }
    return std::make_unique<dynamodb::DynamoStore>(call, dynamodb::Options{table, first, last}, random_);
  }

 private:
  aws::Session& with_endpoint() {
    session_.endpoint_override = [url = emulator_.url()](const std::string&) { return url; };
    return session_;
  }

  Emulator emulator_;
  SystemClock clock_;
  SystemRandom random_;
  aws::StaticCredentials credentials_;
  aws::Session session_;
  aws::Client client_;
  std::mutex mutex_;
  std::atomic<int> tables_{0};
};

const EmulatorProgram moto_program{"moto_server", {"-H", "127.0.0.1", "-p", "PORT"}, {}, "/moto-api/"};
const EmulatorProgram ministack_program{
    "ministack",
    {},
    {"BIND_HOST=127.0.0.1", "IOT_MTLS_ENABLED=0", "SERVICES=dynamodb", "GATEWAY_PORT=PORT"},
    "/_ministack/health"};

// Started by the first test that wants it, and gone with the program.
Service& moto() {
  static Service service(moto_program);
  return service;
}
Service& ministack() {
  static Service service(ministack_program);
  return service;
}

// moto copies its tables before a transaction and puts the copy back when it fails, whatever others wrote meanwhile: so
// requests to it come one at a time. Callers still race between requests.
const StoreFactory on_moto{
    "moto", [](const std::filesystem::path&, Port first, Port last) { return moto().make_store(first, last, true); }};
const StoreFactory on_ministack{"ministack", [](const std::filesystem::path&, Port first, Port last) {
                                  return ministack().make_store(first, last, false);
                                }};

INSTANTIATE_TEST_SUITE_P(Emulators, StoreContract, testing::Values(on_moto, on_ministack),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace slipway::test

// Skips loudly where the emulators are not installed: ctest knows 77 as a skip.
int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  try {
    if (GTEST_FLAG_GET(filter).find("moto") != std::string::npos) slipway::test::moto();
    if (GTEST_FLAG_GET(filter).find("ministack") != std::string::npos) slipway::test::ministack();
  } catch (const slipway::test::NoEmulator& why) {
    std::cout << "SKIPPED: " << why.what() << std::endl;
    return 77;
  }
  return RUN_ALL_TESTS();
}
