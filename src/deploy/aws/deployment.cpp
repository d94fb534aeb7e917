#include "deploy/aws/deployment.hpp"

#include <fmt/format.h>

#include "aws/bucket.hpp"
#include "aws_templates.embedded.hpp"
#include "base/crypto.hpp"
#include "base/json.hpp"
#include "deploy/aws/app_image.hpp"
#include "deploy/aws/registry.hpp"

namespace slipway::deploy {
namespace {
namespace json = boost::json;

// What an output of the first stack stands for while only a plan is made and there is no such stack yet.
constexpr std::string_view not_yet = "not-made-yet";
constexpr std::string_view data_outputs[] = {"TableName",  "TableArn",      "VolumeId",      "VolumeZone",
                                             "CodeBucket", "AppRepository", "InitRepository"};

constexpr std::string_view own_secrets[] = {"master-key", "database/admin_password"};

std::string short_digest(const std::string& hex) { return hex.substr(0, 16); }

std::string megabytes(std::size_t bytes) { return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6); }

// A parameter that counts: as it is in the stack, or one more.
std::string counted(const std::optional<Stack>& stack, const std::string& name, bool more) {
  if (!stack || stack->parameters.count(name) == 0) return "1";
  const int number = std::atoi(stack->parameters.at(name).c_str());
  return std::to_string(more ? number + 1 : number);
}

}  // namespace

std::string_view template_text(std::string_view file) {
  for (const auto& [name, text] : embedded::aws_templates()) {
    if (name == file) return text;
  }
  throw std::logic_error(fmt::format("deploy/aws has no {}", file));
}

std::optional<Values> Deployment::run(const Wanted& wanted, const DeployOptions& options) {
  const auto data = bring(wanted.names.data_stack(), "data.yaml", wanted.data_parameters, options);
  if (!data && !options.dry_run) return std::nullopt;
  Values outputs;
  for (const std::string_view name : data_outputs) outputs[std::string(name)] = not_yet;
  if (data) {
    for (const auto& [name, value] : data->outputs) outputs[name] = value;
  }
  report_.heading(fmt::format("secrets, code and images of {}", wanted.names.stack));
  const bool secrets_changed = make_secrets(wanted, options.dry_run);
  Values parameters = wanted.parameters;
  for (const std::string_view name : data_outputs) parameters[std::string(name)] = outputs[std::string(name)];
  parameters["CodeKey"] = upload_code(wanted, outputs, options.dry_run);
  parameters["InitImage"] = push_init(wanted, outputs, options.dry_run);
  parameters["AppImage"] = bring_app(wanted, outputs, options.dry_run);
  const auto present = stacks_.find(wanted.names.stack);
  parameters["SecretsVersion"] = counted(present, "SecretsVersion", secrets_changed);
  parameters["MachineGeneration"] = counted(present, "MachineGeneration", options.new_machine);
  const auto main = bring(wanted.names.stack, "slipway.yaml", parameters, options);
  if (!main || options.dry_run) return std::nullopt;
  outputs.insert(main->outputs.begin(), main->outputs.end());
  outputs["AppImage"] = parameters["AppImage"];
  return outputs;
}

std::optional<Stack> Deployment::bring(const std::string& name, std::string_view file, const Values& parameters,
                                       const DeployOptions& options) {
  if (options.dry_run) {
    const auto present = stacks_.find(name);
    if (present && present->busy()) {
      throw Error(ErrorKind::conflict,
                  fmt::format("stack {} is {}; try again when that is over", name, present->status));
    }
    const Plan plan = stacks_.plan(name, std::string(template_text(file)), parameters, report_.show_events());
    report_.plan(plan);
    stacks_.discard(plan);
    return present && present->exists() ? present : std::nullopt;
  }
  const Plan plan = stacks_.plan(name, std::string(template_text(file)), parameters, report_.show_events());
  report_.plan(plan);
  if (!plan.change_set.empty() && !options.yes) {
    bool agreed = false;
    try {
      agreed = report_.agreed("Do this?");
    } catch (const Error&) {
      stacks_.discard(plan);
      throw;
    }
    if (!agreed) {
      stacks_.discard(plan);
      return std::nullopt;
    }
  }
  return stacks_.apply(plan, report_.show_events());
}

// True where one of those that slipway.yaml holds is now another.
bool Deployment::make_secrets(const Wanted& wanted, bool dry_run) {
  Secrets secrets(account_.ssm, wanted.names.secrets());
  for (const std::string_view made : own_secrets) {
    const std::string name(made);
    if (wanted.secrets.count(name) != 0) continue;
    if (dry_run) {
      if (!secrets.find(name)) report_.would(fmt::format("would make the secret {}", secrets.name_of(name)));
    } else if (secrets.add(name, new_key(random_))) {
      report_.done(fmt::format("secret {} made", secrets.name_of(name)));
    }
  }
  bool changed = false;
  for (const auto& [name, value] : wanted.secrets) {
    if (dry_run) {
      report_.would(fmt::format("would bring the secret {} up to date", secrets.name_of(name)));
    } else if (secrets.set(name, value)) {
      changed = true;
      report_.done(fmt::format("secret {} set", secrets.name_of(name)));
    }
  }
  return changed;
}

std::string Deployment::upload_code(const Wanted& wanted, const Values& data, bool dry_run) {
  const std::string key = "function/" + to_hex(sha256(wanted.function_zip)) + ".zip";
  if (dry_run) {
    report_.would(
        fmt::format("would upload the Lambda's code, {}, unless it is there", megabytes(wanted.function_zip.size())));
    return key;
  }
  aws::Bucket bucket(account_.session, data.at("CodeBucket"));
  if (bucket.has(key)) return key;
  bucket.put(key, wanted.function_zip);
  report_.done(fmt::format("code of the Lambda uploaded, {}", megabytes(wanted.function_zip.size())));
  return key;
}

std::string Deployment::repository_uri(const std::string& name) {
  const json::object answer =
      account_.ecr.call("DescribeRepositories", json::object{{"repositoryNames", json::array{name}}});
  const json::array* found = array_at(answer, "repositories");
  if (found == nullptr || found->empty()) {
    throw Error(ErrorKind::not_found, fmt::format("ecr: there is no repository {}", name));
  }
  return string_at(found->at(0).as_object(), "repositoryUri");
}

Secret Deployment::login(std::string* registry_url) {
  const json::object answer = account_.ecr.call("GetAuthorizationToken", json::object{});
  const json::array* found = array_at(answer, "authorizationData");
  if (found == nullptr || found->empty()) throw Error(ErrorKind::internal, "ecr: GetAuthorizationToken gave no token");
  const json::object& data = found->at(0).as_object();
  *registry_url = string_at(data, "proxyEndpoint");
  return Secret(string_at(data, "authorizationToken"));
}

std::string Deployment::push_init(const Wanted& wanted, const Values& data, bool dry_run) {
  const std::string tag = short_digest(wanted.init.manifest.digest.substr(7));
  if (dry_run) {
    report_.would("would push the image slipway-init, unless it is there");
    return std::string(not_yet);
  }
  const std::string& name = data.at("InitRepository");
  std::string url;
  const Secret basic = login(&url);
  Registry registry(url, basic);
  if (!registry.has(name, tag)) {
    registry.push(name, wanted.init, tag);
    report_.done(fmt::format("image slipway-init pushed, {}", megabytes(wanted.init.layer.content.size())));
  }
  return repository_uri(name) + "@" + wanted.init.manifest.digest;
}

std::string Deployment::bring_app(const Wanted& wanted, const Values& data, bool dry_run) {
  if (names_a_registry(wanted.app_image)) return wanted.app_image;
  if (dry_run) {
    report_.would(fmt::format("would push {} from the local Docker", wanted.app_image));
    return std::string(not_yet);
  }
  std::string url;
  const Secret basic = login(&url);
  const std::string pushed = push_from_docker(engine_, wanted.app_image, repository_uri(data.at("AppRepository")),
                                              basic, [](const std::string&) {});
  report_.done(fmt::format("image {} pushed", wanted.app_image));
  return pushed;
}

std::string Deployment::push(const Names& names, const std::string& image) {
  const auto data = stacks_.find(names.data_stack());
  if (!data || data->outputs.count("AppRepository") == 0) {
    throw Error(ErrorKind::not_found, fmt::format("there is no repository yet: `slipway aws deploy` makes it, and "
                                                  "pushes the image of slipway.yaml itself"));
  }
  std::string url;
  const Secret basic = login(&url);
  return push_from_docker(engine_, image, repository_uri(data->outputs.at("AppRepository")), basic,
                          [this](const std::string& words) { report_.done(words); });
}

}  // namespace slipway::deploy
