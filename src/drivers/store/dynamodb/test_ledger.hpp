#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "aws/client.hpp"
#include "base/random.hpp"
#include "drivers/store/dynamodb/dynamo_store.hpp"
#include "drivers/store/dynamodb/schema.hpp"
#include "tests/fakes/fake_dynamodb.hpp"

namespace slipway::dynamodb::test {

using slipway::test::FakeDynamoDb;

// What happens to one request on its way.
enum class Fault {
  none,
  throttled,    // refused for its rate
  unavailable,  // nothing came of it and nothing came back
  lost,         // it took effect and nothing came back, also not when the client had tried again
  repeated,     // it took effect, the answer was lost, and the client sent it again
  forgotten,    // the same, and the token of the transaction is not known any more
  conflict,     // others were writing the same items
  expired       // the credentials have run out
};

// A table in memory behind a line that fails as it is told.
class TestLedger {
 public:
  static constexpr TimePoint t0{Millis(1'800'000'000'000)};
  static TimePoint at(int seconds) { return t0 + std::chrono::seconds(seconds); }

  TestLedger() { fake.call("CreateTable", create_table_input("ledger")); }

  DynamoStore open(Port first = Port(20'000), Port last = Port(20'009)) {
    const Call call = [this](std::string_view operation, const boost::json::object& input) {
      return send(operation, input);
    };
    return DynamoStore(call, {"ledger", first, last, std::chrono::hours(24), {Millis(0), Millis(0)}}, random);
  }

  static NewTenant wanted(int n, const std::string& user, const std::string& slug, const std::string& key = "") {
    NewTenant w;
    w.tenant.id = TenantId("t_" + padded(static_cast<std::uint64_t>(n), 20));
    w.tenant.sign_up = {UserId(user),          Slug(slug),          EmailAddress("a@shop.example"),
                        CompanyName("A Shop"), PlanName("default"), {}};
    w.tenant.created_at = w.tenant.updated_at = t0;
    w.tenant.image = "shop:1";
    w.tenant.due_at = t0;
    if (!key.empty()) w.key = IdempotencyKey(key);
    w.body_hash = "body";
    w.event = line("signed_up");
    w.audit = AuditEntry{0, t0, "k_1", "POST /v1/provision", w.tenant.id.value(), "203.0.113.7", "r_1"};
    return w;
  }
  static Event line(const std::string& message) { return {0, t0, "progress", "", message, std::nullopt}; }

  // What is wrong in the table: items that must agree and do not.
  std::vector<std::string> disagreements();

  FakeDynamoDb fake;
  SeededRandom random{1};
  std::function<Fault(std::string_view operation, int number)> plan;  // empty: nothing fails
  int sent = 0;                                                       // requests so far

 private:
  boost::json::object send(std::string_view operation, boost::json::object input);
};

inline boost::json::object TestLedger::send(std::string_view operation, boost::json::object input) {
  const Fault fault = plan ? plan(operation, sent) : Fault::none;
  ++sent;
  const auto refuse = [](ErrorKind kind, const char* code, boost::json::object details = {}) {
    throw aws::ServiceError(kind, std::string("dynamodb: ") + code, code, std::move(details));
  };
  switch (fault) {
    case Fault::none:
      break;
    case Fault::throttled:
      refuse(ErrorKind::limited, "ProvisionedThroughputExceededException");
      break;
    case Fault::unavailable:
      throw Error(ErrorKind::unavailable, "dynamodb: nothing came back");
    case Fault::lost:
      fake.call(operation, input);
      throw Error(ErrorKind::unavailable, "dynamodb: nothing came back");
    case Fault::repeated:
      fake.call(operation, input);
      break;
    case Fault::forgotten:
      fake.call(operation, input);
      input.erase("ClientRequestToken");
      break;
    case Fault::conflict:
      if (operation == "TransactWriteItems") {
        boost::json::array reasons(input.at("TransactItems").as_array().size(), boost::json::object{{"Code", "None"}});
        reasons[0] = boost::json::object{{"Code", "TransactionConflict"}};
        refuse(ErrorKind::conflict, "TransactionCanceledException", {{"CancellationReasons", reasons}});
      } else if (operation == "PutItem" || operation == "UpdateItem" || operation == "DeleteItem") {
        refuse(ErrorKind::conflict, "TransactionConflictException");
      }
      break;
    case Fault::expired:
      refuse(ErrorKind::unauthorized, "ExpiredTokenException");
      break;
  }
  return fake.call(operation, input);
}

inline std::vector<std::string> TestLedger::disagreements() {
  std::map<std::string, Item> rows, users, slugs, ports;
  std::map<std::string, int> timelines, audits;
  for (const Item& item : fake.items("ledger")) {
    const std::string pk = text_of(item, "pk"), sk = text_of(item, "sk"), name = pk.substr(pk.find('#') + 1);
    if (sk == "ROW") rows[name] = item;
    if (sk == "USER") users[name] = item;
    if (sk == "SLUG") slugs[name] = item;
    if (pk == "PORTS" && text_of(item, "status") == "leased") ports[text_of(item, "tenant_id")] = item;
    if (sk.starts_with("EVENT#")) ++timelines[name];
    if (pk.starts_with("AUDIT#")) ++audits[name];
  }
  std::vector<std::string> wrong;
  const auto must = [&](bool holds, const std::string& what) {
    if (!holds) wrong.push_back(what);
  };
  std::size_t live = 0, leased = 0;
  for (const auto& [id, row] : rows) {
    const Tenant tenant = tenant_at(row);
    must(timelines[id] > 0, id + " has no timeline");
    must(audits[id] == 1, id + " has " + std::to_string(audits[id]) + " lines in the audit trail");
    const std::string lease = text_of(row, "leased_port");
    leased += lease == "none" ? 0 : 1;
    const std::string on_port = ports.contains(id) ? std::to_string(number_of(ports[id], "port")) : "none";
    must(lease == on_port, id + " leases " + lease + ", the port's item says " + on_port);
    if (!flag_of(row, "live")) continue;
    ++live;
    const Item user = users[tenant.sign_up.user_id.value()];
    must(text_of(user, "tenant_id") == id && flag_of(user, "live"), id + " is not its user's tenant");
    must(text_of(slugs[tenant.sign_up.slug.value()], "tenant_id") == id, id + " has lost its subdomain");
  }
  must(slugs.size() == live, "subdomains are held by nobody");
  must(ports.size() == leased, "ports are leased to nobody");
  for (const auto& [name, user] : users) must(rows.contains(text_of(user, "tenant_id")), "a user without a row");
  return wrong;
}

}  // namespace slipway::dynamodb::test
