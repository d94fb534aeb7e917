-- wrk's script: sign-ups of customers who are all different, or (without a prefix) plain GETs. Prints one line of JSON.
local prefix, key = os.getenv("BENCH_PREFIX"), os.getenv("BENCH_KEY")
local headers = { ["Content-Type"] = "application/json" }
if key then headers["Authorization"] = "Bearer " .. key end
local count = 0

if prefix then
  function request()
    count = count + 1
    local body = string.format(
      '{"admin_email": "bench@example.com", "subdomain": "%s-%d", "company_name": "Bench", "userId": "%s-%d"}',
      prefix, count, prefix, count)
    return wrk.format("POST", "/provision", headers, body)
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('{"requests": %d, "seconds": %.6f, "p50_ms": %.4f, "p95_ms": %.4f, "errors": %d, "late": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(95) / 1000,
    errors.connect + errors.read + errors.write + errors.status, errors.timeout))
end
