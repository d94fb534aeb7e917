#include "deploy/aws/removal.hpp"

#include <fmt/format.h>

#include <thread>

#include "aws/bucket.hpp"
#include "base/json.hpp"
#include "deploy/aws/secrets.hpp"
#include "deploy/aws/stacks.hpp"

namespace slipway::deploy {
namespace {
namespace json = boost::json;

constexpr unsigned looks_at_table = 60;

std::string output(const std::optional<Stack>& stack, const std::string& name) {
  const auto found = stack ? stack->outputs.find(name) : Values::const_iterator{};
  return !stack || found == stack->outputs.end() ? std::string() : found->second;
}

// Retained by its stack and protected besides, so that only this removes it.
void remove_table(aws::Client& dynamodb, const std::string& table) {
  try {
    dynamodb.call("UpdateTable", json::object{{"TableName", table}, {"DeletionProtectionEnabled", false}});
    for (unsigned looks = 0;; ++looks) {
      try {
        dynamodb.call("DeleteTable", json::object{{"TableName", table}});
        return;
      } catch (const aws::ServiceError& e) {
        if (e.code() != "ResourceInUseException" || looks == looks_at_table) throw;  // while the update goes on
        std::this_thread::sleep_for(std::chrono::seconds(2));
      }
    }
  } catch (const aws::ServiceError& e) {
    if (e.code() != "ResourceNotFoundException") throw;
  }
}

void remove_bucket(Account& account, const std::string& name) {
  aws::Bucket bucket(account.session, name);
  bucket.empty();
  bucket.remove();
}

void tell_what_is_kept(const Names& names, const std::optional<Stack>& data, Report& report) {
  report.heading("Kept, and paid for:");
  report.would(fmt::format("the ledger: DynamoDB table {}", output(data, "TableName")));
  report.would(fmt::format("customers' databases: volume {} and its snapshots", output(data, "VolumeId")));
  report.would(fmt::format("secrets below {} in SSM, the images in ECR and the code in S3", names.secrets()));
  report.heading(fmt::format("`slipway aws deploy` finds all of it again; `slipway aws destroy --data` removes it."));
}

}  // namespace

bool remove(Account& account, const Names& names, const RemoveOptions& options, Report& report, const Clock& clock) {
  Stacks stacks(account.cloudformation, clock);
  const auto data = stacks.find(names.data_stack());
  const std::string what = options.data ? "with every customer's data" : "and keep the data";
  if (options.dry_run) {
    report.heading(fmt::format("Would remove stack {} {}", names.stack, what));
    if (!options.data) tell_what_is_kept(names, data, report);
    return true;
  }
  if (!options.yes &&
      !report.agreed(fmt::format("Remove the Slipway {} {}? All its customers are cut off.", names.stack, what))) {
    return false;
  }
  report.heading(fmt::format("removing stack {}", names.stack));
  try {
    stacks.remove(names.stack, report.show_events());
  } catch (const Error& e) {
    // A cluster goes only when its machine has left it, which can take longer than CloudFormation waits.
    if (e.message().find("AWS::ECS::Cluster") == std::string::npos) throw;
    stacks.remove(names.stack, report.show_events());
  }
  if (!options.data) {
    tell_what_is_kept(names, data, report);
    return true;
  }
  report.heading(fmt::format("removing stack {} and what it protects", names.data_stack()));
  const std::string bucket = output(data, "CodeBucket");
  const std::string table = output(data, "TableName");
  stacks.remove(names.data_stack(), report.show_events());
  if (!bucket.empty()) remove_bucket(account, bucket);
  if (!table.empty()) remove_table(account.dynamodb, table);
  const std::size_t secrets = Secrets(account.ssm, names.secrets()).remove_all();
  report.done(fmt::format("bucket, table and {} secrets removed", secrets));
  report.heading("Left: one last snapshot of the databases, and the daily ones; remove them in the EC2 console.");
  return true;
}

}  // namespace slipway::deploy
