#pragma once
#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "model/tenant.hpp"

namespace slipway::api {

// The body of POST /provision. Throws invalid with one field error for each thing that is wrong: a missing or unknown
// field, a wrong type, a value that is not allowed.
SignUp parse_sign_up(boost::json::object body);

// The same for requests that mean the same, whatever their spelling as JSON: SHA-256 in hex.
std::string sign_up_hash(const SignUp& sign_up);

}  // namespace slipway::api
