# Two images: `web` for web, beat and CPU workers, without torch; `gpu` for the worker that clones and speaks with XTTS v2.
# Neither contains the weights, because it is up to you to accept their licence. CUDA's libraries come with torch's
# wheels; the host needs only NVIDIA's driver and container toolkit.

FROM python:3.11.14-slim-trixie AS base
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 OPENBLAS_NUM_THREADS=1
RUN useradd --create-home --uid 10001 podstream && install --directory --owner podstream /srv/var /srv/xtts
WORKDIR /srv/podstream
COPY locks/runtime.txt ./locks/
RUN pip install --require-hashes -r locks/runtime.txt

FROM base AS gpu
COPY locks/xtts.txt ./locks/
RUN pip install --require-hashes -r locks/xtts.txt
COPY LICENSE NOTICE manage.py ./
COPY local local
COPY podstream podstream
COPY voice voice
USER podstream

FROM base AS web
ENV OMP_NUM_THREADS=1
COPY LICENSE NOTICE manage.py ./
COPY local local
COPY podstream podstream
COPY scripts scripts
COPY voice voice
USER podstream
