"""A Dask cluster on SLURM for `course run`: start it on the login node and leave it running.

    python recipes/slurm_cluster.py --runs 20 --cores 4 --memory 4GB --walltime 02:00:00 \\
        --queue short --tls ~/course-tls
    course run --all --seeds 0-9 --out ~/results --scheduler ADDRESS \\
        --tls-ca ~/course-tls/ca.pem --tls-cert ~/course-tls/cert.pem --tls-key ~/course-tls/key.pem

Each SLURM job is one worker that executes one notebook at a time. Jobs that end, fail or are preempted
are replaced, and their runs are sent again. Needs `pip install dask-jobqueue`.
"""

import argparse
import os
import sys
import time
from pathlib import Path


def make_cluster(
    cores=4,
    memory="4GB",
    walltime="02:00:00",
    queue=None,
    account=None,
    gpus=0,
    tls=None,
    python=sys.executable,
    log_directory="slurm-logs",
    **options,
):
    """A `SLURMCluster` whose jobs hold one run each, with `cores` cores, `memory` and `gpus` GPUs.

    `tls` is a folder with ca.pem, cert.pem and key.pem that all hosts can read. Without it whoever
    reaches the scheduler can run code as you.
    """
    from dask.utils import parse_bytes
    from dask_jobqueue import SLURMCluster

    security = None
    if tls is not None:
        from distributed.security import Security

        folder = Path(tls).expanduser().resolve()
        ca, cert, key = (str(folder / f"{name}.pem") for name in ("ca", "cert", "key"))
        security = Security(
            require_encryption=True,
            tls_ca_file=ca,
            tls_client_cert=cert,
            tls_client_key=key,
            tls_scheduler_cert=cert,
            tls_scheduler_key=key,
            tls_worker_cert=cert,
            tls_worker_key=key,
        )
    return SLURMCluster(
        # To Dask a core is a task at a time, and a job here holds one; to SLURM it has `cores`.
        cores=1,
        processes=1,
        job_cpu=cores,
        memory=memory,
        walltime=walltime,
        queue=queue,
        account=account,
        python=python,
        security=security,
        protocol="tls://" if security else "tcp://",
        log_directory=log_directory,
        job_extra_directives=[f"--gres=gpu:{gpus}"] if gpus else [],
        # SLURM and the run's own limit watch the memory; Dask's would see its own process alone.
        # The run's limit is taken from what the job was given: a node holds other jobs as well.
        worker_extra_args=[
            *("--memory-limit", "0"),
            *("--resources", f"memory_mb={parse_bytes(memory) // 10**6}"),
        ],
        job_script_prologue=[
            *(
                f"export {name}={os.environ[name]}"
                for name in ("COURSE_DATA_DIR", "KERAS_BACKEND", "COURSE_PRECISION")
                if name in os.environ
            ),
            # Else the job's own cores would be divided among all jobs that share its node.
            f"export COURSE_THREADS={cores}",
        ],
        **options,
    )


def main():
    """Start the cluster, keep `--runs` jobs queued or running, and wait for Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10, help="jobs at a time")
    parser.add_argument("--cores", type=int, default=4)
    parser.add_argument("--memory", default="4GB")
    parser.add_argument("--walltime", default="02:00:00")
    parser.add_argument("--queue")
    parser.add_argument("--account")
    parser.add_argument("--gpus", type=int, default=0, help="GPUs a job")
    parser.add_argument("--tls", help="folder with ca.pem, cert.pem and key.pem")
    options = vars(parser.parse_args())
    runs = options.pop("runs")
    cluster = make_cluster(**options)
    # A fixed number, but kept: a job that ended too early is submitted again.
    cluster.adapt(minimum_jobs=runs, maximum_jobs=runs)
    print(f"Scheduler: {cluster.scheduler_address}", flush=True)
    try:
        while True:
            time.sleep(60)
    except KeyboardInterrupt:
        cluster.close()


if __name__ == "__main__":
    main()
