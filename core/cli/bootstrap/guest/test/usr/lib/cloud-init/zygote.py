"""One Python that has cloud-init imported, and forks its four stages when their units ask.

Starting Python and importing cloud-init takes about six seconds under emulation, four times per boot. The
stages run cloud-init's own code unchanged; only the interpreter's start is shared. zygote-stage is the other
side: it opens STAGE.req to ask, and reads the exit status from STAGE.resp.
"""
import importlib
import os
import sys
import traceback

DIRECTORY = "/run/cloud-init-zygote"
STAGES = {
    "local": ["init", "--local"],
    "init": ["init"],
    "config": ["modules", "--mode=config"],
    "final": ["modules", "--mode=final"],
}
# what the stages import late; one that is missing costs time, nothing else
PRELOAD = """
    configobj email.mime.multipart encodings.idna jsonschema pwd uuid
    cloudinit.config.cc_ssh cloudinit.config.modules cloudinit.config.schema
    cloudinit.distros.debian
    cloudinit.handlers.boot_hook cloudinit.handlers.cloud_config cloudinit.handlers.jinja_template
    cloudinit.handlers.shell_script
    cloudinit.net.activators cloudinit.net.eni cloudinit.net.netplan cloudinit.net.networkd cloudinit.net.sysconfig
    cloudinit.sources.DataSourceNoCloud cloudinit.sources.helpers.vmware.imc.config
    cloudinit.templater
""".split()
CONFIGURATION = "/etc/cloud/cloud.cfg.d/92_test.cfg"


def make_fifos():
    os.makedirs(DIRECTORY, 0o700, exist_ok=True)
    for stage in STAGES:
        for side in ("req", "resp"):
            path = f"{DIRECTORY}/{stage}.{side}"
            if not os.path.exists(path):
                os.mkfifo(path)
    open(f"{DIRECTORY}/ready", "w").close()


def try_import(name):
    try:
        importlib.import_module(name)
    except Exception:
        traceback.print_exc()


def preload():
    for name in PRELOAD:
        try_import(name)
    from cloudinit import util

    configuration = util.read_conf(CONFIGURATION)
    for lists in ("cloud_init_modules", "cloud_config_modules", "cloud_final_modules"):
        for module in configuration[lists]:
            try_import("cloudinit.config.cc_" + module.replace("-", "_"))


def run_stage(main, arguments):
    """In the child: ends the process with cloud-init's status."""
    status = 1
    try:
        status = main(["cloud-init"] + arguments) or 0
    except SystemExit as leave:
        status = leave.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 1)


def serve():
    from cloudinit.cmd.main import main

    preload()
    for stage, arguments in STAGES.items():
        with open(f"{DIRECTORY}/{stage}.req") as request:  # blocks until the unit asks
            request.read()
        child = os.fork()
        if child == 0:
            run_stage(main, arguments)
        _, status = os.waitpid(child, 0)
        with open(f"{DIRECTORY}/{stage}.resp", "w") as response:
            response.write(f"{os.waitstatus_to_exitcode(status)}\n")


os.environ.setdefault("TZ", ":/etc/localtime")
make_fifos()
serve()
