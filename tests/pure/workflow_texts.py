"""Workflows as teams write them, in short: what is read of them is asserted in test_workflow_answers.py."""

from ghcr_audit.workflows.reading import workflow
from ghcr_audit.workflows.runs import Release
from ghcr_audit.workflows.seen import Flows, Place

TAG = "20260120-083000"
RELEASE = Release(tag=TAG, image="ghcr.io/acme/observer", any_registry=False, repository="acme/observer", branch="main")


def flows(place: Place = Place.TAG, /, **files: str) -> Flows:
    """The workflows of one place, each as FILE=TEXT; all of them must be readable."""
    read = [workflow(f".github/workflows/{file}.yml", text) for file, text in files.items()]
    known = tuple(one for one in read if one is not None)
    assert len(known) == len(read)
    names = {Place.TAG: TAG, Place.DEFAULT: "main"}
    return Flows(place=place, name=names.get(place, "side"), workflows=known, whole=True)


LOGIN = """
      - uses: docker/login-action@v3
        with: {registry: ghcr.io, username: "${{ github.actor }}", password: "${{ secrets.GITHUB_TOKEN }}"}"""


def build(on: str, *, tags: str = "ghcr.io/acme/observer:${{ github.ref_name }}", more: str = "") -> str:
    """A workflow `image` that builds with docker/build-push-action; `more` stands before `jobs`."""
    return f"""
name: image
on: {on}
{more}
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4{LOGIN}
      - uses: docker/build-push-action@v6
        with:
          push: true
          tags: {tags}
"""


METADATA = """
name: Docker
on:
  schedule:
    - cron: '26 8 * * *'
  push:
    branches: [ "main" ]
    tags: [ 'v*.*.*', '[0-9]+-[0-9]+' ]
  pull_request:
    branches: [ "main" ]
env:
  REGISTRY: ghcr.io
  IMAGE_NAME: ${{ github.repository }}
jobs:
  build:
    permissions:
      contents: read
      packages: write
    steps:
      - uses: actions/checkout@v4
      - name: Log into registry ${{ env.REGISTRY }}
        if: github.event_name != 'pull_request'
        uses: docker/login-action@28218f9b04b4f3f62068d7b6ce6ca5b26e35336c
        with:
          registry: ${{ env.REGISTRY }}
          username: ${{ github.actor }}
          password: ${{ secrets.GITHUB_TOKEN }}
      - id: meta
        uses: docker/metadata-action@v5
        with:
          images: ${{ env.REGISTRY }}/${{ env.IMAGE_NAME }}
      - id: build-and-push
        uses: docker/build-push-action@v6
        with:
          context: .
          push: ${{ github.event_name != 'pull_request' }}
          tags: ${{ steps.meta.outputs.tags }}
          labels: ${{ steps.meta.outputs.labels }}
"""
"""GitHub's own starter workflow."""

RELEASE_PLEASE = """
name: release-please
on:
  push:
    branches: [main]
permissions: {contents: write, pull-requests: write, packages: write}
jobs:
  release-please:
    outputs:
      tag: ${{ steps.release.outputs.tag_name }}
    steps:
      - id: release
        uses: googleapis/release-please-action@v4
  image:
    needs: release-please
    if: needs.release-please.outputs.created == 'true'
    steps:
      - uses: docker/login-action@v3
        with: {registry: ghcr.io, password: "${{ secrets.GITHUB_TOKEN }}"}
      - uses: docker/build-push-action@v6
        with:
          push: true
          tags: ghcr.io/acme/observer:${{ needs.release-please.outputs.tag }}
"""

MATRIX = """
name: images
on:
  push:
    tags: ['*']
permissions:
  packages: write
jobs:
  build:
    strategy:
      matrix:
        image: [observer, worker]
    steps:
      - run: echo "${{ secrets.GITHUB_TOKEN }}" | docker login ghcr.io -u ${{ github.actor }} --password-stdin
      - run: docker build -t ghcr.io/acme/${{ matrix.image }}:$GITHUB_REF_NAME ${{ matrix.image }}
      - run: docker push ghcr.io/acme/${{ matrix.image }}:$GITHUB_REF_NAME
"""

CALLER = """
name: release
on:
  push:
    tags: ["[0-9]*"]
permissions: {contents: read, packages: write}
jobs:
  image:
    uses: ./.github/workflows/build.yml
    with:
      image: ghcr.io/acme/observer
      tag: ${{ github.ref_name }}
    secrets: inherit
"""
CALLED = """
name: build
on:
  workflow_call:
    inputs:
      image: {type: string}
      tag: {type: string}
jobs:
  build:
    steps:
      - uses: docker/login-action@v3
        with: {registry: ghcr.io, username: x, password: "${{ github.token }}"}
      - uses: docker/build-push-action@v6
        with:
          push: true
          tags: |
            ${{ inputs.image }}:latest
            ${{ inputs.image }}:${{ inputs.tag }}
"""

REMOTE = """
name: release
on: {push: {tags: ['**']}}
jobs:
  image:
    uses: acme/workflows/.github/workflows/build.yml@v2
    secrets: inherit
"""

SHELL = """
name: image
on:
  push:
    tags: ['[0-9]+-[0-9]+']
permissions: {packages: write}
env:
  REGISTRY: ghcr.io
jobs:
  build:
    steps:
      - name: push
        env:
          TOKEN: ${{ secrets.GITHUB_TOKEN }}
        run: |
          set -euo pipefail
          IMAGE=$REGISTRY/${GITHUB_REPOSITORY,,}
          VERSION=${GITHUB_REF#refs/tags/}
          echo "$TOKEN" | docker login "$REGISTRY" -u x --password-stdin
          docker build -t "$IMAGE:$VERSION" . # the release
          docker push "$IMAGE:$VERSION"
"""

BAKE = """
name: bake
on: {push: {tags: ['[0-9]*']}}
permissions: {packages: write}
jobs:
  bake:
    steps:
      - uses: docker/login-action@v3
        with: {registry: ghcr.io, password: "${{ secrets.GITHUB_TOKEN }}"}
      - uses: docker/bake-action@v5
        with: {push: true}
"""

BY_DIGEST = """
name: multi
on: {push: {tags: ['[0-9]*']}}
permissions: {packages: write}
jobs:
  build:
    strategy: {matrix: {platform: [linux/amd64, linux/arm64]}}
    steps:
      - uses: docker/login-action@v3
        with: {registry: ghcr.io, password: "${{ secrets.GITHUB_TOKEN }}"}
      - uses: docker/build-push-action@v6
        with:
          outputs: type=image,name=ghcr.io/acme/observer,push-by-digest=true,name-canonical=true,push=true
  merge:
    needs: build
    steps:
      - uses: docker/login-action@v3
        with: {registry: ghcr.io, password: "${{ secrets.GITHUB_TOKEN }}"}
      - id: meta
        uses: docker/metadata-action@v5
        with:
          images: ghcr.io/acme/observer
          tags: |
            type=ref,event=branch
            type=ref,event=tag
      - run: |
          docker buildx imagetools create \\
            $(jq -cr '.tags | map("-t " + .) | join(" ")' <<< "$DOCKER_METADATA_OUTPUT_JSON") \\
            $(printf 'ghcr.io/acme/observer@sha256:%s ' *)
"""

GORELEASER = """
name: goreleaser
on: {push: {tags: ['*']}}
permissions: {contents: write, packages: write}
jobs:
  goreleaser:
    steps:
      - uses: docker/login-action@v3
        with: {registry: ghcr.io, password: "${{ secrets.GITHUB_TOKEN }}"}
      - uses: goreleaser/goreleaser-action@v6
"""

DEPLOY = """
name: deploy
on:
  workflow_run:
    workflows: [image]
    types: [completed]
jobs:
  deploy:
    if: github.event.workflow_run.conclusion == 'success' && github.event.workflow_run.event == 'push'
    steps:
      - env:
          IMAGE_TAG: ${{ github.event.workflow_run.head_branch }}
        run: ssh "$TARGET" observer/server_deploy.sh observer compose.yml "$IMAGE_TAG" deploy
"""
