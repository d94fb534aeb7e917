#include "deploy/aws/secrets.hpp"

#include "base/json.hpp"

namespace slipway::deploy {
namespace json = boost::json;

std::optional<Secret> Secrets::find(const std::string& name) {
  try {
    const json::object answer =
        ssm_.call("GetParameter", json::object{{"Name", name_of(name)}, {"WithDecryption", true}});
    const json::object* parameter = object_at(answer, "Parameter");
    return parameter == nullptr ? std::nullopt : std::optional<Secret>(string_at(*parameter, "Value"));
  } catch (const aws::ServiceError& e) {
    if (e.code() == "ParameterNotFound") return std::nullopt;
    throw;
  }
}

void Secrets::put(const std::string& name, const Secret& value, bool overwrite) {
  ssm_.call(
      "PutParameter",
      json::object{
          {"Name", name_of(name)}, {"Value", value.reveal()}, {"Type", "SecureString"}, {"Overwrite", overwrite}});
}

bool Secrets::add(const std::string& name, const Secret& value) {
  try {
    put(name, value, false);
    return true;
  } catch (const aws::ServiceError& e) {
    if (e.code() == "ParameterAlreadyExists") return false;
    throw;
  }
}

bool Secrets::set(const std::string& name, const Secret& value) {
  const std::optional<Secret> present = find(name);
  if (present && present->reveal() == value.reveal()) return false;
  put(name, value, true);
  return true;
}

std::size_t Secrets::remove_all() {
  std::size_t removed = 0;
  // DeleteParameters takes ten at a time, as many as a page holds; what is gone is not found again.
  while (true) {
    const json::object page =
        ssm_.call("GetParametersByPath", json::object{{"Path", prefix_}, {"Recursive", true}, {"MaxResults", 10}});
    const json::array* found = array_at(page, "Parameters");
    json::array names;
    for (std::size_t i = 0; found != nullptr && i < found->size(); ++i) {
      names.push_back(json::value(string_at(found->at(i).as_object(), "Name")));
    }
    if (names.empty()) {
      if (string_at(page, "NextToken").empty()) return removed;
      throw Error(ErrorKind::unavailable, "ssm: GetParametersByPath gave an empty page; run the command again");
    }
    removed += names.size();
    ssm_.call("DeleteParameters", json::object{{"Names", std::move(names)}});
  }
}

}  // namespace slipway::deploy
