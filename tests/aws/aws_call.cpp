// What tests of the AWS client drive: one call, with what the environment holds.
//   aws_call call SERVICE OPERATION JSON          one JSON call; prints the answer
//   aws_call query SERVICE OPERATION NAME=VALUE…  one query call; prints the name of the answer's element
//   aws_call endpoints                            lines of "SERVICE REGION FIPS DUAL" on its input; prints a URL for
//   each
// An error is printed as "KIND CODE: message", with status 1.
#include <fstream>
#include <iostream>
#include <iterator>

#include "aws/client.hpp"
#include "aws/credential_chain.hpp"
#include "aws/endpoints.hpp"

using namespace slipway;

namespace {

const aws::Service& service_named(const std::string& id) {
  for (const auto* service :
       {&aws::services::cloudformation, &aws::services::cloudwatch_logs, &aws::services::dynamodb, &aws::services::ec2,
        &aws::services::ecr, &aws::services::ecs, &aws::services::eventbridge, &aws::services::sqs, &aws::services::ssm,
        &aws::services::sts}) {
    if (service->id == id) return *service;
  }
  throw Error(ErrorKind::invalid, "no service " + id);
}

aws::Surroundings real_surroundings() {
  aws::Surroundings around;
  around.env = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
  around.read_file = [](const std::string& path) -> std::optional<std::string> {
    std::ifstream file(path);
    if (!file) return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  around.home = around.variable("HOME");
  return around;
}

void print_endpoints() {
  std::string service, region;
  bool fips = false, dual = false;
  while (std::cin >> service >> region >> fips >> dual) {
    std::cout << aws::endpoint_of(service_named(service), region, fips, dual) << "\n";
  }
}

void make_call(const std::vector<std::string>& words) {
  const auto around = real_surroundings();
  const SystemClock clock;
  SystemRandom random;
  aws::CredentialChain credentials(around, clock);
  const aws::Session session{aws::region_from(around), credentials, clock, random,
                             [&](const std::string& id) { return aws::endpoint_from_environment(around, id); }};
  aws::Client client(session, service_named(words.at(1)));
  if (words.at(0) == "call") {
    std::cout << boost::json::serialize(client.call(words.at(2), boost::json::parse(words.at(3)).as_object())) << "\n";
    return;
  }
  aws::Parameters parameters;
  for (std::size_t i = 3; i < words.size(); ++i) {
    parameters.emplace_back(words[i].substr(0, words[i].find('=')), words[i].substr(words[i].find('=') + 1));
  }
  std::cout << client.call(words.at(2), parameters).name << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.at(0) == "endpoints") {
      print_endpoints();
    } else {
      make_call(words);
    }
    return 0;
  } catch (const aws::ServiceError& e) {
    std::cout << to_string(e.kind()) << " " << e.code() << ": " << e.message() << "\n";
  } catch (const Error& e) {
    std::cout << to_string(e.kind()) << " -: " << e.message() << "\n";
  }
  return 1;
}
