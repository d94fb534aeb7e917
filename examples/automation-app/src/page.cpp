#include "page.hpp"

#include "text.hpp"

namespace automation {

namespace {

constexpr const char* kStyle =
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:52rem;padding:0 1rem;color:#1d2733}"
    "h1{margin-bottom:0}small,.quiet{color:#5b6875}table{border-collapse:collapse;width:100%;margin:1rem 0}"
    "td,th{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #dde3e9;vertical-align:top}"
    ".bad{color:#a40e26}form.line{display:inline}input,select,button{font:inherit;padding:.3rem .5rem;margin:.2rem 0}"
    "td{overflow-wrap:anywhere}";

std::string runs_cell(const std::vector<Run>& runs) {
  if (runs.empty()) return "<span class=quiet>not yet</span>";
  std::string out;
  for (const Run& run : runs) {
    out += std::string("<div") + (run.ok ? "" : " class=bad") + "><small>" + escape_html(run.at) + "</small> " +
           escape_html(run.outcome) + " <small>" + std::to_string(run.took_ms) + " ms</small></div>";
  }
  return out;
}

std::string button(const Job& job, const std::string& action, const std::string& label) {
  return "<form class=line method=post action=\"/jobs/" + std::to_string(job.id) + "/" + action + "\"><button>" +
         label + "</button></form> ";
}

std::string job_row(const Job& job) {
  const std::string what = job.action == "note" ? "note: " : "GET ";
  return "<tr><td><b>" + escape_html(job.name) + "</b><br><small>every " + std::to_string(job.every_seconds) +
         " s · next " + escape_html(job.next_run_at) + "</small></td><td>" + what + escape_html(job.target) +
         "</td><td>" + runs_cell(job.runs) + "</td><td>" + button(job, "run", "Run now") +
         button(job, "delete", "Delete") + "</td></tr>";
}

std::string form(const std::string& problem, const NewJob& typed) {
  const auto option = [&](const std::string& value, const std::string& label) {
    return "<option value=\"" + value + "\"" + (typed.action == value ? " selected" : "") + ">" + label + "</option>";
  };
  std::string out = "<h2>Add a job</h2>";
  if (!problem.empty()) out += "<p class=bad role=alert>" + escape_html(problem) + "</p>";
  return out + "<form method=post action=\"/jobs\"><label>Name <input name=name required maxlength=80 value=\"" +
         escape_html(typed.name) +
         "\"></label> <label>every <input name=every_seconds type=number min=1 max=2592000 required value=\"" +
         std::to_string(typed.every_seconds) + "\"> seconds</label> <label>do <select name=action>" +
         option("note", "write a note") + option("http-get", "fetch a URL") +
         "</select></label> <label>Note or URL <input name=target size=36 required maxlength=500 value=\"" +
         escape_html(typed.target) + "\"></label> <button>Add</button></form>";
}

}  // namespace

std::string render_page(const Settings& settings, const std::vector<Job>& jobs, const std::string& problem,
                        const NewJob& typed) {
  const std::string company = escape_html(settings.company_name.empty() ? "Automation" : settings.company_name);
  std::string out = "<!doctype html><html lang=en><meta charset=utf-8><title>" + company +
                    " · Automation</title><meta name=viewport content=\"width=device-width\"><style>" + kStyle +
                    "</style><h1>" + company + "</h1><p class=quiet>Automation · tenant " +
                    escape_html(settings.tenant_id) + " · " + escape_html(settings.subdomain) + "</p>";
  out += "<table><tr><th>Job<th>What<th>History<th></tr>";
  for (const Job& job : jobs) out += job_row(job);
  if (jobs.empty()) out += "<tr><td colspan=4 class=quiet>No jobs yet. Add the first one below.</td></tr>";
  return out + "</table>" + form(problem, typed) + "</html>\n";
}

}  // namespace automation
