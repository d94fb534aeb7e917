#pragma once
#include "config/section.hpp"

// Each part of slipway.yaml, read from the file's top into its part of the Config.
namespace slipway::config {

void read_app(const Section& top, Config& config);
void read_plans(const Section& top, Config& config);
void read_access(const Section& top, Config& config);
void read_runtime(const Section& top, const EnvLookup& env, Config& config);
void read_database(const Section& top, Config& config);
void read_mail(const Section& top, Config& config);  // after read_places
void read_aws(const Section& top, Config& config);
void read_limits(const Section& top, Config& config);
void read_log(const Section& top, Config& config);
// data_dir and api: what load_socket_path needs too.
void read_places(const Section& top, Config& config);

// All of the above, in their order.
void read_all(const Section& top, const EnvLookup& env, Config& config);

// What only the whole can tell: a port that two things want.
void check_together(const Section& top, const Config& config);

}  // namespace slipway::config
