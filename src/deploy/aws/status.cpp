#include "deploy/aws/status.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "deploy/aws/stacks.hpp"
#include "net/http_client.hpp"

namespace slipway::deploy {
namespace {
namespace json = boost::json;

constexpr Millis api_patience{15'000};

json::object queue_of(aws::Client& sqs, const std::string& url) {
  const json::object answer = sqs.call(
      "GetQueueAttributes", json::object{{"QueueUrl", url},
                                         {"AttributeNames", json::array{"ApproximateNumberOfMessages",
                                                                        "ApproximateNumberOfMessagesNotVisible",
                                                                        "ApproximateNumberOfMessagesDelayed"}}});
  const json::object* attributes = object_at(answer, "Attributes");
  const auto number = [&](std::string_view name) {
    return attributes == nullptr ? 0 : std::atoll(string_at(*attributes, name, "0").c_str());
  };
  return {{"waiting", number("ApproximateNumberOfMessages")},
          {"inWork", number("ApproximateNumberOfMessagesNotVisible")},
          {"later", number("ApproximateNumberOfMessagesDelayed")}};
}

json::object cluster_of(aws::Client& ecs, const std::string& name) {
  const json::object answer = ecs.call("DescribeClusters", json::object{{"clusters", json::array{name}}});
  const json::array* clusters = array_at(answer, "clusters");
  if (clusters == nullptr || clusters->empty()) return {{"error", "there is no such cluster"}};
  const json::object& cluster = clusters->at(0).as_object();
  return {{"machines", int_at(cluster, "registeredContainerInstancesCount")},
          {"running", int_at(cluster, "runningTasksCount")},
          {"starting", int_at(cluster, "pendingTasksCount")}};
}

json::object api_at(const std::string& url) {
  net::HttpClient http(net::Endpoint{url, {}, {}, {}, {}});
  net::ClientRequest request;
  request.target = "/readyz";
  request.timeout = api_patience;
  const net::Response answer = http.send(request);
  return {{"url", url}, {"status", answer.status}};
}

template <class F>
json::object asked(F&& ask) {
  try {
    return ask();
  } catch (const Error& e) {
    return {{"error", e.message()}};
  }
}

}  // namespace

json::object status_of(Account& account, const Names& names, const Clock& clock) {
  Stacks stacks(account.cloudformation, clock);
  json::object shown{{"stack", names.stack}, {"region", account.session.region}};
  const auto data = stacks.find(names.data_stack());
  const auto main = stacks.find(names.stack);
  shown["data"] = data ? json::value(data->status) : json::value(nullptr);
  shown["status"] = main ? json::value(main->status) : json::value(nullptr);
  if (main && !main->reason.empty()) shown["reason"] = main->reason;
  if (!main || !main->exists()) return shown;
  const auto output = [&](const std::string& name) {
    const auto found = main->outputs.find(name);
    return found == main->outputs.end() ? std::string() : found->second;
  };
  shown["address"] = output("Address");
  if (const auto image = main->parameters.find("AppImage"); image != main->parameters.end()) {
    shown["image"] = image->second;
  }
  if (const std::string url = output("ApiUrl"); !url.empty()) shown["api"] = asked([&] { return api_at(url); });
  if (const std::string name = output("Cluster"); !name.empty()) {
    shown["cluster"] = asked([&] { return cluster_of(account.ecs, name); });
  }
  if (const std::string url = output("Queue"); !url.empty()) {
    shown["queue"] = asked([&] { return queue_of(account.sqs, url); });
  }
  if (const std::string url = output("DeadLetters"); !url.empty()) {
    shown["givenUp"] = asked([&] { return queue_of(account.sqs, url); });
  }
  return shown;
}

}  // namespace slipway::deploy
