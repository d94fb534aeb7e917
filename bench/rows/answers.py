"""Plain answers: GET /healthz against nginx."""

import wrk
from lab import progress
from results import Result, Row, median

CONNECTIONS = 64


def measure(lab, peers):
    goal = f"GET /healthz, {CONNECTIONS} kept connections: rate, against nginx with one worker and `return 200`"
    if not wrk.available() or not wrk.nginx_program():
        why = "wrk or nginx is missing (tools/packages.txt, group bench)"
        return Result("Plain answers", [Row(goal, None, 0.7, at_least=True, why=why)], {})
    slipway = lab.slipway("answers")
    nginx = wrk.Nginx(lab.place / "nginx", '{"status":"ok"}')
    rates = {"nginx": [], "Slipway": []}
    seconds = lab.rounds(2)
    for number in range(lab.rounds(8)):
        for name, port in (("nginx", nginx.port), ("Slipway", slipway.port)):
            rates[name].append(wrk.load(f"http://127.0.0.1:{port}/healthz", CONNECTIONS, seconds)["rate"])
        progress(f"answers {number + 1}: " + ", ".join(f"{name} {all_[-1]:,.0f}/s" for name, all_ in rates.items()))
    nginx.stop()
    lab.stop(slipway)
    row = Row(goal, median(rates["Slipway"]) / median(rates["nginx"]), 0.7, at_least=True,
              ours=f"{median(rates['Slipway']):,.0f}/s", floor=f"{median(rates['nginx']):,.0f}/s")
    return Result("Plain answers", [row], {f"{name}: rate": ("1/s", values) for name, values in rates.items()})
