#pragma once
#include <memory>
#include <string>

#include "app/lambda/place.hpp"
#include "config/config.hpp"

namespace slipway {

namespace lambda {
class Handler;
}

// The whole of Slipway as a Lambda function: the same router and engine as standalone, over DynamoDB, ECS and Resend.
// The only place that knows the drivers of AWS.
class Function {
 public:
  // Reads the secrets and slipway.yaml. Errors: invalid (configuration), those of AWS.
  Function(const FunctionPlace& place, const EnvLookup& env);
  ~Function();

  lambda::Handler& handler();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace slipway
