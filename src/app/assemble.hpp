#pragma once
#include <functional>
#include <memory>
#include <string>

#include "app/data_dir.hpp"
#include "base/log.hpp"
#include "config/config.hpp"
#include "contracts/database.hpp"
#include "contracts/mailer.hpp"
#include "contracts/runtime.hpp"
#include "contracts/store.hpp"

namespace slipway::postgres {
class ManagedServer;
}

// The only place that knows every driver: each function makes the one that the configuration asks for.
namespace slipway {

std::unique_ptr<Store> make_store(const Config& config, const DataDir& data);

// `automatic` stays with what is in use, since tenants must not change sides because an engine was slow to come up.
// Else it takes Docker where that answers, for good, and processes for this time. The log says what processes do not
// isolate.
std::unique_ptr<Runtime> make_runtime(const Config& config, const DataDir& data, const InstallationId& installation,
                                      const Log& log);

// The private server, or nothing where the configuration names one. Without a network, which only whoever starts it
// needs, it is as good for anything else.
std::unique_ptr<postgres::ManagedServer> make_managed_server(const Config& config, const DataDir& data,
                                                             const HostNetwork& network, const Secret& master_key,
                                                             const Log& log);

// `this_host` is asked for how instances reach this machine; it may be empty as long as that is not known.
std::unique_ptr<Database> make_database(const Config& config, const postgres::ManagedServer* managed,
                                        std::function<std::string()> this_host, const InstallationId& installation,
                                        const Secret& master_key);

std::unique_ptr<Mailer> make_mailer(const Config& config, const Clock& clock);

}  // namespace slipway
