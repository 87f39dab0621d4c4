# syntax=docker/dockerfile:1

FROM rust:1.95-bookworm AS build
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --release --locked --package whot --bin whot \
    && install -D target/release/whot /out/whot

FROM debian:bookworm-slim
# Roots for TLS to the outside: PostgreSQL, mail, push.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /data whot \
    && install --directory --owner=whot --group=whot --mode=0700 /data
COPY --from=build /out/whot /usr/local/bin/whot

USER whot
WORKDIR /data
# Databases of the embedded shape and control.sock. Production refuses to start without its secrets: give them as
# WHOT__SECRETS__ROOT_FILE, and the public address as WHOT__SERVER__PUBLIC_URL.
VOLUME /data
ENV WHOT_PROFILE=production \
    WHOT__DATA_DIR=/data \
    WHOT__SERVER__LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["whot", "health"]
# SIGTERM drains, within 60 s: give `docker stop` that time (--time 65).
ENTRYPOINT ["whot"]
CMD ["serve"]
