# The app for a server: slim, not root, nothing written outside /tmp.
# `deploy/try_install.py` runs these steps where there is no container engine.
ARG BASE=python:3.11.13-slim-bookworm@sha256:86adf8dbadc3d6e82ee5dd2c74bec2e1c2467cdad47886280501df722372d2e1
FROM ${BASE} AS build
# Where CPU-only wheels of torch lie, for an image of 1.5 GB instead of 6.
ARG TORCH_INDEX=""
WORKDIR /build
COPY . .
RUN pip install --no-cache-dir build==1.3.0 && python -m build --wheel --outdir /wheels
RUN python -m venv /opt/cla \
    && if [ -n "$TORCH_INDEX" ]; then /opt/cla/bin/pip install --no-cache-dir torch --index-url "$TORCH_INDEX"; fi \
    && /opt/cla/bin/pip install --no-cache-dir /wheels/*.whl
# What no program of ours opens: deploy/image_size.py says what that spares.
RUN cd /opt/cla/lib/python3*/site-packages \
    && find . -type f | sed 's|^\./||' | grep -E -f /build/deploy/not_in_image.txt | xargs -d '\n' rm -f

FROM ${BASE}
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home cla
COPY --from=build /opt/cla /opt/cla
ENV PATH=/opt/cla/bin:$PATH \
    HOME=/tmp \
    CLA_KERNELS=/opt/cla/kernels \
    PYTHONDONTWRITEBYTECODE=1 \
    MALLOC_ARENA_MAX=2
# Kernels for processors that nearly all others can stand in for: where the image runs, the best that
# its processor takes is read. A run fails the build if the package does not work.
RUN python -m compileall -q /opt/cla/lib && python -m cla.attention.kernels --portable && cla run \
    "$(python -c 'from cla.capture import sample_clips; print(sample_clips()[0].path)')" --json > /dev/null \
    && chmod -R a+rX /opt/cla
USER 10001
WORKDIR /tmp
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD \
    ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
# Process 1 passes signals on, and reaps whatever has lost its parent.
ENTRYPOINT ["tini", "--"]
CMD ["cla", "app", "--server.address", "0.0.0.0", "--server.port", "8501"]
