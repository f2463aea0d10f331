"""Runs matchers on the same files, one after the other, and prints how well and how fast they did.

Called by `run`, which builds and installs what is needed. Nothing but Python's own library is imported here, so that
`--only crowsnest` needs no more.
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Failed(Exception):
    """A command that did not end with 0."""


def run(command: list[str], log: Path) -> tuple[float, float]:
    """Seconds that it took and the most memory that it had at once, in MiB; what it prints goes to the log."""
    since = time.monotonic()
    with open(log, "wb") as into:
        try:
            child = subprocess.Popen(command, stdout=into, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        except OSError as error:
            raise Failed(f"{command[0]} cannot be started: {error}") from error
        _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - since
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        tail = log.read_text(errors="replace")[-2000:]
        raise Failed(f"{shlex.join(command)} ended with {child.returncode}:\n{tail}")
    # Linux counts in KiB, macOS in bytes.
    return seconds, usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


def printed_seconds(log: Path) -> dict[str, float]:
    """The seconds by stage, if the matcher printed a JSON object that says them: `{"seconds": {"read": 0.2, …}}`."""
    lines = log.read_text(errors="replace").splitlines()
    try:
        begin = next(place for place, line in enumerate(lines) if line.startswith("{"))
        printed = json.loads("\n".join(lines[begin:]))
        return {str(stage): float(took) for stage, took in printed["seconds"].items()}
    except (StopIteration, ValueError, KeyError, AttributeError, TypeError):
        return {}


def score(options, data: Path, clusters: Path) -> dict:
    command = [options.bench, "score", "--json", "--truth", str(data / "truth.csv"), "--clusters", str(clusters)]
    if (data / "traps.csv").exists():
        command += ["--traps", str(data / "traps.csv")]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def crowsnest(options, data: Path, out: Path) -> dict:
    clusters = out / "clusters.csv"
    places = {"input": str(data / "people.csv"), "output": str(clusters)}
    command = [part.format(**places) for part in shlex.split(options.crowsnest)]
    seconds, memory = run(command, out / "log")
    return {"total": seconds, "memory": memory, "seconds": printed_seconds(out / "log"), **score(options, data, clusters)}


def splink(options, data: Path, out: Path) -> dict:
    command = [options.python, str(HERE / "splink_link.py"), str(data / "people.csv"), str(out)]
    command += ["--memory", options.memory] if options.memory else []
    command += ["--u-pairs", options.u_pairs] if options.u_pairs else []
    _, memory = run(command, out / "log")
    times = json.loads((out / "times.json").read_text())
    # By the truth, which nobody has who links real customers: it favours Splink.
    best, weight = max(
        ((score(options, data, out / f"clusters-{weight}.csv"), weight) for weight in times["thresholds"]),
        key=lambda found: found[0]["pairwise"]["f1"],
    )
    result = {"total": sum(times["seconds"].values()), "memory": memory, "seconds": times["seconds"], "threshold": weight, **best}
    if options.households:
        homes = out / "households.csv"
        took, _ = run(
            [options.python, str(HERE / "households.py"), str(data / "people.csv"), str(out / f"clusters-{weight}.csv"), str(homes)],
            out / "households.log",
        )
        result["households"] = score(options, data, homes)["households"]
        result["seconds_of_households"] = round(took, 3)
    return result


MATCHERS = {"crowsnest": crowsnest, "splink": splink}


def data_sets(options, work: Path):
    """Each folder with `people.csv` and `truth.csv`, the name of what is compared across seeds, and the seed."""
    for level in options.levels.split(","):
        for without in options.without or [""]:
            for seed in options.seeds.split(","):
                name = f"{level}{' without ' + without if without else ''}"
                folder = work / f"{name.replace(' ', '-').replace(',', '-')}-{seed}"
                folder.mkdir(parents=True, exist_ok=True)
                command = [options.bench, "generate", "--records", str(options.records), "--seed", seed, "--level", level]
                command += ["--country", options.country] + (["--without", without] if without else [])
                for option, file in [("--out", "people.csv"), ("--truth", "truth.csv"), ("--traps", "traps.csv")]:
                    command += [option, str(folder / file)]
                run(command, folder / "log")
                yield folder, name, seed
    if options.febrl:
        run([options.python, str(HERE / "febrl.py"), str(work)], work / "febrl.log")
        for number in range(1, 5):
            yield work / f"febrl-{number}", f"FEBRL {number}", ""


def spread(values: list[float], digits: int = 4) -> str:
    """The median, and from where to where if there are several."""
    middle = f"{statistics.median(values):.{digits}f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def table(results: list[dict]) -> str:
    """A row for each kind of data and matcher."""
    head = ["data", "matcher", "F1", "precision", "recall", "B-cubed F1", "households F1", "seconds", "of which", "MiB"]
    rows = [head]
    for data, matcher in dict.fromkeys((result["data"], result["matcher"]) for result in results):
        of = [result for result in results if (result["data"], result["matcher"]) == (data, matcher)]
        homes = [result["households"]["by_person"]["f1"] for result in of if result.get("households")]
        stages = dict.fromkeys(stage for result in of for stage in result["seconds"])
        rows.append([
            data, matcher,
            *(spread([result["pairwise"][what] for result in of]) for what in ("f1", "precision", "recall")),
            spread([result["b_cubed"]["f1"] for result in of]),
            spread(homes) if homes else "–",
            spread([result["total"] for result in of], 1),
            ", ".join(f"{stage} {statistics.median(result['seconds'].get(stage, 0) for result in of):.1f}" for stage in stages) or "–",
            spread([result["memory"] for result in of], 0),
        ])
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench/identity/run", description=__doc__.split("\n\n")[0])
    parser.add_argument("--records", type=int, default=100_000, help="in each data set (100000)")
    parser.add_argument("--seeds", default="1,2,3", help="one data set for each (1,2,3)")
    parser.add_argument("--levels", default="light,medium,heavy", help="how dirty (light,medium,heavy)")
    parser.add_argument("--country", default="mixed", help="de, gb, us or mixed (mixed)")
    parser.add_argument("--without", action="append", metavar="COLUMNS",
                        help="also or only with these columns empty, such as email,phone; '' for none; may be said several times")
    parser.add_argument("--febrl", action="store_true", help="the data sets FEBRL 1 to 4 too")
    parser.add_argument("--only", choices=MATCHERS, help="one of the two")
    parser.add_argument("--crowsnest", metavar="COMMAND", help="how to call it, with {input} and {output}")
    parser.add_argument("--memory", help="what DuckDB may take, such as 8GB (as DuckDB chooses)")
    parser.add_argument("--u-pairs", help="pairs in Splink's random sample (1e7)")
    parser.add_argument("--no-households", dest="households", action="store_false", help="no household rule after Splink")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where files stay (removed at the end)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all that was measured, as JSON")
    parser.add_argument("--bench", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--python", default=sys.executable, help=argparse.SUPPRESS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crowsnest-identity-") as temporary:
        work = options.keep or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        results = []
        try:
            for data, name, seed in data_sets(options, work):
                for matcher in [options.only] if options.only else MATCHERS:
                    out = data / matcher
                    out.mkdir(exist_ok=True)
                    result = {"data": name, "seed": seed, "matcher": matcher, **MATCHERS[matcher](options, data, out)}
                    results.append(result)
                    print(
                        f"{name} {seed} {matcher}: F1 {result['pairwise']['f1']:.4f}, {result['total']:.1f} s", file=sys.stderr, flush=True
                    )
        except (Failed, subprocess.CalledProcessError) as error:
            sys.exit(f"error: {error}")
        finally:
            if options.json and results:
                options.json.write_text(json.dumps(results, indent=2))
        print(table(results))


if __name__ == "__main__":
    main()
