#include "cli/harness.hpp"

#include <CLI/CLI.hpp>
#include <sstream>

#include "cli/commands.hpp"

namespace slipway::cli::test {

Outcome CommandTest::slipway(const std::vector<std::string>& args) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  Context context{.in = in, .out = out, .err = err, .clock = clock, .version = "1.2.3", .find_server = {}};
  context.find_server = [&](const ServerChoice& choice) -> net::Endpoint {
    return {.url = choice.server.empty() ? server.base_url() : choice.server};
  };
  context.in_is_terminal = context.out_is_terminal = terminal;
  context.colours = colours;
  context.stop = stop.get_token();
  CLI::App app("Slipway", "slipway");
  app.require_subcommand(1);
  add_client_commands(app, context);
  std::vector<const char*> argv{"slipway"};
  for (const std::string& arg : args) argv.push_back(arg.c_str());
  Outcome outcome;
  outcome.code = run(app, static_cast<int>(argv.size()), argv.data(), context);
  outcome.out = out.str();
  outcome.err = err.str();
  return outcome;
}

void CommandTest::answer(const std::string& route, const std::string& json, int status) {
  slipway::test::ImposterResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json"}};
  response.body = json;
  server.on(route, response);
}

void CommandTest::answers(const std::string& route, std::vector<std::string> jsons) {
  auto at = std::make_shared<std::size_t>(0);
  server.on(route, [at, jsons = std::move(jsons)](const slipway::test::ImposterRequest&) {
    slipway::test::ImposterResponse response;
    response.body = jsons[std::min((*at)++, jsons.size() - 1)];
    return response;
  });
}

std::string acme(const std::string& status, const std::string& more) {
  return fmt::format(
      R"({{"tenantId":"{}","userId":"u-7","subdomain":"acme","admin_email":"ann@example.com","company_name":"Acme Ltd",)"
      R"("plan":"default","status":"{}","createdAt":"2026-11-23T15:37:00.000Z","accessUrl":"http://acme.localhost:20001",)"
      R"("port":20001{}}})",
      acme_id, status, more);
}

}  // namespace slipway::cli::test
