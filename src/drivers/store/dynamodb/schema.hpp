#pragma once
#include <boost/json.hpp>
#include <string>

namespace slipway::dynamodb {

// The ledger's table as table.json says it, with which a CloudFormation template must agree: the input of CreateTable,
// and that of UpdateTimeToLive. Nothing in the driver makes a table; deployments and tests do.
boost::json::object create_table_input(const std::string& table);
boost::json::object time_to_live_input(const std::string& table);

// The layout of items that this program reads and writes.
constexpr int schema_version = 1;

}  // namespace slipway::dynamodb
