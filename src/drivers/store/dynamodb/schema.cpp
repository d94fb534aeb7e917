#include "drivers/store/dynamodb/schema.hpp"

#include "dynamodb_table.embedded.hpp"

namespace slipway::dynamodb {
namespace {

boost::json::object definition() { return boost::json::parse(embedded::dynamodb_table()[0].second).as_object(); }

}  // namespace

boost::json::object create_table_input(const std::string& table) {
  boost::json::object input = definition().at("CreateTable").as_object();
  input["TableName"] = table;
  return input;
}

boost::json::object time_to_live_input(const std::string& table) {
  return {{"TableName", table}, {"TimeToLiveSpecification", definition().at("TimeToLiveSpecification")}};
}

}  // namespace slipway::dynamodb
