#include "deploy/aws/key.hpp"

#include <fmt/format.h>

#include "api/gate.hpp"
#include "base/error.hpp"
#include "deploy/aws/stacks.hpp"
#include "drivers/store/dynamodb/dynamo_store.hpp"

namespace slipway {

Secret make_key(deploy::Account& account, const deploy::Names& names, const std::string& name, Scope scope,
                const Clock& clock, Random& random) {
  const auto data = deploy::Stacks(account.cloudformation, clock).find(names.data_stack());
  const auto table = data ? data->outputs.find("TableName") : deploy::Values::const_iterator{};
  if (!data || table == data->outputs.end()) {
    throw Error(ErrorKind::not_found,
                fmt::format("there is no stack {} yet: `slipway aws deploy` makes it", names.data_stack()));
  }
  dynamodb::Options options;
  options.table = table->second;
  dynamodb::DynamoStore store(dynamodb::through(account.dynamodb), options, random);
  const api::NewApiKey made = api::new_api_key(name, scope, clock.now(), random);
  // In this order: a crash between the two leaves a line about a key that nobody has, not a key that no line is about.
  AuditEntry entry;
  entry.at = clock.now();
  entry.actor = "slipway aws key";
  entry.action = "POST /v1/keys";
  entry.target = made.kept.id.value();
  entry.from = "aws";
  store.record(entry);
  store.add_key(made.kept);
  return made.secret;
}

}  // namespace slipway
