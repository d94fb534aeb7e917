#pragma once
#include <string>
#include <string_view>

// Names for what goes over the wire, the same in every run: ids, names and versions are left out. An empty name is
// something after which the world is as it was (a question, a greeting), so nothing can go wrong there that could not
// go wrong just before or after.
namespace crash {

// Of bytes that this process sends on a socket.
std::string name_of_sent(std::string_view bytes);

}  // namespace crash
