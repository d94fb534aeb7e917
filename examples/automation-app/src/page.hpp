#pragma once
#include <string>
#include <vector>

#include "jobs.hpp"
#include "settings.hpp"

namespace automation {

// The one page: whose instance this is, the jobs with their newest runs, and the form for another job. `problem` is
// shown above the form when the last one was refused, with what was typed in `typed`.
std::string render_page(const Settings& settings, const std::vector<Job>& jobs, const std::string& problem = "",
                        const NewJob& typed = {"", 60, "note", ""});

}  // namespace automation
