#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "contracts/runtime.hpp"
#include "drivers/runtime/process/tenant_files.hpp"
#include "os/file.hpp"

// What a tenant's command gets from the machine.
namespace slipway::process {

// The absolute path of a program, looked up in `path` ("a:b") unless it has a slash. Throws invalid.
std::string find_program(const std::string& program, const std::string& path);

// The tenant's variables; PORT, which it must listen on; HOME, PATH; SLIPWAY_VOLUME_<NAME>, the directory of each
// volume; and TenantFiles::marker(), by which its processes are found.
std::vector<Secret> command_environment(const InstanceSpec& spec, const TenantFiles& files, const std::string& path);

// Throws invalid where there is no such user.
os::Owner find_user(const std::string& name);

void give_to(const std::filesystem::path& directory, const os::Owner& user);

}  // namespace slipway::process
